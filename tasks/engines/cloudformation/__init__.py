"""The engine for CloudFormation stacks."""
