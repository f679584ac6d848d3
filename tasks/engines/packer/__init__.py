"""The engine for Packer images."""
