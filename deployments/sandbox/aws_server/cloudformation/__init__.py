"""CloudFormation where moto's is not sufficient: stacks with AWS's states, change sets and rollbacks.

moto still checks signatures and IAM, formats responses, and provides the services in which resources are created.
This package replaces the following, because it matters to anyone who plans changes and rolls them back:

- In moto, a change set only names resources. Here it has Replacement, Details, and the values before and after.
- moto refuses a change set without changes with a ValidationError. Here it is FAILED, "didn't contain changes".
- In moto, a change that fails stays half done and the status stays the same. Here it is rolled back, to
  ROLLBACK_COMPLETE or UPDATE_ROLLBACK_COMPLETE, or to ..._FAILED if that fails too. Each resource gets an event.
- In moto, a stack made by a change set has no Outputs. Here it has them.
- moto's drift operations respond with HTTP 500. Here they compare a stack with the actual resources in moto.
- moto only stores stack policies and termination protection. Here they are enforced.
- moto creates resources without consulting IAM. Here that needs the caller's rights, with aws:CalledVia set.
- moto ignores types and properties that it does not know. Here the change set is refused: "the sandbox does not
  emulate ...". Properties that AWS's registry rejects are refused too.

A template is parsed (`loading`) and checked (`structure`, `shapes`). Then its loops are expanded (`extensions`), SAM
is expanded (`serverless`), and functions are resolved (`intrinsics`). What AWS would reject is refused (`parameters`,
`rules`, `quotas`, `refusals`). Most resource types are data (`types/`, over `services` and `calls`).

Nested stacks are planned with their parent (`hierarchy`) and changed with it (`embedded`). Resources that a change no
longer needs are removed only after the outermost stack is complete.

An existing resource can become part of a stack by its identifier or by its name (`imports`). It need not match the
template: drift detection compares the two (`comparing`).

Every operation finishes before its response is sent, so no client ever sees a stack that is *_IN_PROGRESS. Not
emulated: the use of macros, stack sets, custom resources, CreateStack and UpdateStack.
"""

from deployments.sandbox.aws_server.cloudformation.answers import install

__all__ = ["install"]
