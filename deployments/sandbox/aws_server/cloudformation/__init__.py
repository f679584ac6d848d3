"""CloudFormation where moto's is not enough: stacks whose states, change sets and ways back are those of AWS.

moto keeps its part: signatures, IAM, the form of the answers, and the services in which resources
are really made. Replaced, because it matters to whoever plans and rolls back:

- A change set names resources only. Here: Replacement, Details, the values before and after.
- A no-op change set is refused with a ValidationError. Here it is FAILED, "didn't contain changes".
- A change that fails leaves things half done and the status as it was. Here it is undone, up to ROLLBACK_COMPLETE or
  UPDATE_ROLLBACK_COMPLETE, or to ..._FAILED where that fails too, with an event for each resource.
- A stack made by a change set has no Outputs. Here it has.
- The drift operations answer with HTTP 500. Here they compare with what is really in moto.
- Stack policy and termination protection are only kept. Here they are enforced.
- Resources are made without asking IAM. Here with the rights of the caller, told as aws:CalledVia.
- Types and properties that moto does not know are left out. Here the plan is refused: "the sandbox does not emulate
  ...". So it is for properties that AWS's registry refuses.

A template is read (`loading`) and held to its form (`structure`, `shapes`), its loops are written out (`extensions`),
SAM is expanded (`serverless`), and its functions are resolved (`intrinsics`). What cannot be is refused
(`parameters`, `rules`, `quotas`, `refusals`). Most resource types are data (`types/`, over `services` and `calls`).

Stacks in stacks are planned with their parent (`hierarchy`) and changed with it (`embedded`): what a change no longer
needs is removed only once the outermost stack is complete.

What exists already becomes part of a stack by its identifier, or by its name (`imports`); that it is as the template
says is nobody's promise: drift detection compares (`comparing`).

Everything happens while it is asked for: nobody ever sees a stack that is *_IN_PROGRESS. Use of macros, stack sets,
custom resources, CreateStack and UpdateStack are not emulated.
"""

from deployments.sandbox.aws_server.cloudformation.answers import install

__all__ = ["install"]
