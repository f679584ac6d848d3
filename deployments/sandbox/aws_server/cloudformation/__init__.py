"""CloudFormation where moto's is not enough: stacks whose states, change sets and ways back are those of AWS.

moto keeps its part: parsing templates, signatures, IAM, the form of the answers, and the services in which resources
are really made. Replaced, because it matters to whoever plans and rolls back:

| moto 5.2                                                      | here, as AWS does it                               |
| ------------------------------------------------------------- | -------------------------------------------------- |
| a change set names resources only                             | Replacement, Details, values before and after      |
| a no-op change set is refused with ValidationError            | it is FAILED, "didn't contain changes"             |
| a failed change leaves things half done, its status unchanged | undone: ROLLBACK_COMPLETE, UPDATE_ROLLBACK_COMPLETE, |
|                                                               | or ..._FAILED, with an event for each resource     |
| a stack made by a change set has no Outputs                   | it has                                             |
| drift operations answer with HTTP 500                         | they compare with what is really in moto           |
| stack policy and termination protection are only kept         | they are enforced                                  |
| resources are made without asking IAM                         | with the caller's rights, as aws:CalledVia         |
| properties that it does not know are ignored                  | refused: "the sandbox does not emulate ..."        |

Everything happens while it is asked for: nobody ever sees *_IN_PROGRESS. Nested stacks, imports, macros, exports, stack
sets and custom resources are not emulated.
"""

from deployments.sandbox.aws_server.cloudformation.answers import install

__all__ = ["install"]
