"""Commands that prepare a promotion: release, bootstrap, sandbox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deployments.cli import naming, screen
from deployments.cli.screen import Json
from tasks import settings
from tasks.ledger.history import History

if TYPE_CHECKING:
    from tasks.bootstrap import AppliedSetting


def add_to(app: typer.Typer) -> None:
    """Register this module's commands."""
    releasing = typer.Typer(no_args_is_help=True, help="Make releases, and list them.")
    releasing.command("create")(create)
    releasing.command("list")(list_releases)
    app.add_typer(releasing, name="release")
    app.command()(bootstrap)
    boxing = typer.Typer(no_args_is_help=True, help="AWS, Terraform provider and Prefect server on loopback.")
    for name, command in {"up": up, "down": down, "status": sandbox_status}.items():
        boxing.command(name)(command)
    app.add_typer(boxing, name="sandbox")


def create(ref: Annotated[str, typer.Option(help=naming.HELP)] = "HEAD", json: Json = False) -> None:
    """Freeze infrastructure/ at a commit. The same content is the same release."""
    history = History(settings.load())
    release = naming.create_or_find(history, ref, "promote")
    origin = history.releases.latest_request(release.id)
    if json:
        screen.document({**asdict(release), "provenance": origin})
    else:
        screen.result(naming.described(release, origin))


def list_releases(json: Json = False) -> int:
    """All releases, the one that was asked for last at the end. Exit code 1 when one is damaged."""
    found, damage = History(settings.load()).releases.all()
    if json:
        screen.document([{**asdict(each.release), "provenance": each.provenance} for each in found])
    else:
        origins = [(each.id, each.provenance) for each in found]
        rows = [(id_, origin.at[:19], origin.commit[:8], origin.author, origin.subject) for id_, origin in origins]
        screen.table("", ("release", "asked for (UTC)", "commit", "author", "subject"), rows)
    for error in damage:
        screen.error(error)
    return 1 if damage else 0


def bootstrap(
    environment: Annotated[str, typer.Argument(help="An environment of platform.yaml.")],
    write_policies: Annotated[
        bool,
        typer.Option(
            "--write-policies",
            help="Write what the roles may do into infrastructure/bootstrap, for you to adapt, and do nothing else.",
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Make what must exist in an account before any Terraform can run there, with your own credentials for it."""
    from tasks import aws
    from tasks import bootstrap as bootstrapping
    from tasks.bootstrap import backends, policies
    from tasks.manifest import load

    chosen = settings.load()
    infrastructure = chosen.repository / "infrastructure"
    platform = load(infrastructure)
    if write_policies:
        written = policies.write(infrastructure)
        _tell([bootstrapping.AppliedSetting(str(file), "created") for file in written], json)
        if not written:
            screen.say(f"{infrastructure / policies.FOLDER} has all of them")
        return
    here = {each.name: each for each in platform.environments}.get(environment)
    region = here.region if here else ""
    named = backends.of_terragrunt(infrastructure, environment, chosen.executable)

    def client(service: str, where: str = region) -> Any:
        return aws.ambient_client(service, where)

    steps = bootstrapping.bootstrap(platform, environment, infrastructure, client, named)
    more = backends.prepare(platform, platform.environment(environment), infrastructure, named, aws.ambient_client)
    steps += tuple(step for step in more if step.name not in {each.name for each in steps})
    for kind in backends.others(named):
        screen.say(f"Terragrunt units keep their state in {kind}: make it with terragrunt backend bootstrap")
    _tell(steps, json)


def _tell(steps: Sequence[AppliedSetting], json: bool) -> None:
    if json:
        screen.document([asdict(step) for step in steps])
        return
    for step in steps:
        screen.result(str(step))


def up(json: Json = False) -> None:
    """Start the sandbox, or what of it is not running. It stays until `flowmart sandbox down`."""
    from deployments import sandbox

    sandbox.up(settings.load().repository, screen.say)
    sandbox_status(json)


def down(json: Json = False) -> None:
    """End the sandbox: its AWS forgets everything. What `flowmart server up` started for it ends with it."""
    from deployments import sandbox, server

    server.down(settings.load().repository, screen.say, for_sandbox=True)
    sandbox.down(settings.load().repository, screen.say)
    if json:
        screen.document({})


def sandbox_status(json: Json = False) -> None:
    """What of the sandbox runs, and where."""
    from deployments import sandbox

    screen.parts(sandbox.status(settings.load().repository), json)
