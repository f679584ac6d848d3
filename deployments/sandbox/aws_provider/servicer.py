"""Handles Terraform's calls (plugin protocol 6). Each servicer serves one terraform process.

An error of AWS becomes a diagnostic that names the operation, as in the real provider. A bug in the stand-in is not
caught: Terraform reports the exception as a plugin error.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from tf.gen import tfplugin_pb2 as pb
from tf.gen import tfplugin_pb2_grpc as rpc

from deployments.sandbox.aws_provider import provider
from deployments.sandbox.aws_provider.aws import API_ERRORS, Place, Unsuccessful, describe
from deployments.sandbox.aws_provider.declare import shape_not_emulated
from deployments.sandbox.aws_provider.messages import error, paths, schema, schemas
from deployments.sandbox.aws_provider.observe import as_known, known
from deployments.sandbox.aws_provider.plan import keeps
from deployments.sandbox.aws_provider.provider import Configuration, Misconfigured
from deployments.sandbox.aws_provider.registry import DATA_SOURCES, RESOURCES
from deployments.sandbox.aws_provider.resource import NotEmulated, Resource
from deployments.sandbox.aws_provider.schema import catalog
from deployments.sandbox.aws_provider.sources import types_named
from deployments.sandbox.aws_provider.values import Values, decode, encode

FAILURES = (*API_ERRORS, Unsuccessful, NotEmulated, Misconfigured)


class SchemaResponse:
    """Builds the response with the schemas of all emulated types once, for all servicers of a process."""

    _bytes: bytes | None = None

    @classmethod
    def answer(cls, named: Collection[str] = ()) -> pb.GetProviderSchema.Response:
        """Return the response to GetProviderSchema.

        Args:
            named: names of types to add even if they are not emulated; names that hashicorp/aws does not have are
                ignored.
        """
        if cls._bytes is None:
            cls._bytes = cls._build().SerializeToString()
        response = pb.GetProviderSchema.Response.FromString(cls._bytes)
        return cls._with(response, named) if named else response

    @staticmethod
    def _build() -> pb.GetProviderSchema.Response:
        return pb.GetProviderSchema.Response(
            provider=schema(provider.SHAPE),
            provider_meta=schema(provider.META),
            resource_schemas=schemas({name: each.shape for name, each in RESOURCES.items()}),
            data_source_schemas=schemas({name: each.shape for name, each in DATA_SOURCES.items()}),
            server_capabilities=pb.ServerCapabilities(get_provider_schema_optional=True),
        )

    @staticmethod
    def _with(response: pb.GetProviderSchema.Response, named: Collection[str]) -> pb.GetProviderSchema.Response:
        known = catalog()
        kinds = (
            (known.resources, RESOURCES, response.resource_schemas),
            (known.data_sources, DATA_SOURCES, response.data_source_schemas),
        )
        for types, emulated, given in kinds:
            for name in named:
                if name in types and name not in emulated:
                    given[name].CopyFrom(schema(shape_not_emulated(types[name])))
        return response


class Servicer(rpc.ProviderServicer):  # type: ignore[misc]
    """The provider as one terraform process sees it."""

    def __init__(self, loader: Any = None) -> None:
        self._loader = loader
        self._configuration: Configuration | None = None

    # --- the provider ------------------------------------------------------------------------------------

    def GetProviderSchema(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        """Return the schemas of all emulated types, and of other types that the code in the folder names."""
        return SchemaResponse.answer(types_named(Path.cwd()))

    def ValidateProviderConfig(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        """Accept the provider block, because ConfigureProvider checks it."""
        return pb.ValidateProviderConfig.Response()

    def ConfigureProvider(self, request: Any, _context: Any) -> Any:  # noqa: N802
        """Parse and keep the provider block."""
        try:
            self._configuration = provider.configure(known(decode(request.config)), self._loader)
        except FAILURES as failure:
            said = error("configuring the provider", _words(failure, "STS"))
            return pb.ConfigureProvider.Response(diagnostics=[said])
        return pb.ConfigureProvider.Response()

    def StopProvider(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        """Do nothing when Terraform is interrupted, because running calls are short."""
        return pb.StopProvider.Response()

    # --- resources -----------------------------------------------------------------------------------------

    def ValidateResourceConfig(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        """Accept the configuration, because Terraform checks it against the schema and the plan checks the rest."""
        return pb.ValidateResourceConfig.Response()

    def UpgradeResourceState(self, request: Any, _context: Any) -> Any:  # noqa: N802
        """Convert a stored state to the current schema: drop unknown attributes, and set new ones to null."""
        if request.type_name not in RESOURCES:
            return pb.UpgradeResourceState.Response(diagnostics=[_not_emulated(request.type_name)])
        shape = RESOURCES[request.type_name].shape
        stored = json.loads(request.raw_state.json)
        state = {name: stored.get(name, empty) for name, empty in shape.blank().items()}
        return pb.UpgradeResourceState.Response(upgraded_state=encode(state))

    def ReadResource(self, request: Any, _context: Any) -> Any:  # noqa: N802
        """Read the current state of a resource."""
        resource, state = RESOURCES[request.type_name], decode(request.current_state)
        try:
            fresh = resource.refresh(self._place(state), self._default_tags, state)
        except FAILURES as failure:
            return pb.ReadResource.Response(
                new_state=request.current_state, diagnostics=[_said("reading", resource, state, failure)]
            )
        return pb.ReadResource.Response(new_state=encode(fresh), private=request.private)

    def PlanResourceChange(self, request: Any, _context: Any) -> Any:  # noqa: N802
        """Plan a change of a resource. Diagnostics need no address, because Terraform adds it."""
        if request.type_name not in RESOURCES:
            return pb.PlanResourceChange.Response(diagnostics=[_not_emulated(request.type_name)])
        resource = RESOURCES[request.type_name]
        prior, config = decode(request.prior_state), decode(request.config)
        proposed = decode(request.proposed_new_state)
        if proposed is None:
            return pb.PlanResourceChange.Response(planned_state=encode(None))
        try:
            planned = resource.plan(self._place(config), self._default_tags, prior, proposed, config)
        except FAILURES as failure:
            return pb.PlanResourceChange.Response(diagnostics=[_said("planning", resource, config, failure)])
        return pb.PlanResourceChange.Response(
            planned_state=encode(planned.values),
            requires_replace=paths(planned.replacing),
            legacy_type_system=planned.departs,
        )

    def ApplyResourceChange(self, request: Any, _context: Any) -> Any:  # noqa: N802
        """Create, update or delete a resource, and return its state even if a later call fails."""
        resource = RESOURCES[request.type_name]
        prior, planned = decode(request.prior_state), decode(request.planned_state)
        if planned is None:
            return self._delete(resource, prior)
        if resource.tagged:
            planned["tags_all"] = {**self._default_tags, **_set_only(planned["tags"])}
        return self._update(resource, prior, planned) if prior else self._create(resource, planned)

    def _create(self, resource: Resource, planned: Values) -> Any:
        place, new = self._place(planned), as_known(resource.shape, planned)
        try:
            identity = resource.create(place, new)
        except FAILURES as failure:
            return pb.ApplyResourceChange.Response(
                new_state=encode(None), diagnostics=[_said("creating", resource, new, failure)]
            )
        made = {**planned, "id": identity}
        try:
            resource.complete(place, as_known(resource.shape, made))
            fresh = resource.refresh(place, self._default_tags, made)
        except FAILURES as failure:
            said = _said("creating", resource, made, failure)
            return pb.ApplyResourceChange.Response(
                new_state=encode(as_known(resource.shape, made)), diagnostics=[said]
            )
        kept = fresh is not None and keeps(resource.shape, planned, fresh)
        return pb.ApplyResourceChange.Response(new_state=encode(fresh), legacy_type_system=kept)

    def _update(self, resource: Resource, prior: Values, planned: Values) -> Any:
        place = self._place(planned)
        try:
            became = resource.change(place, prior, as_known(resource.shape, planned))
            fresh = resource.refresh(place, self._default_tags, {**planned, **became})
            fresh = resource.as_planned(planned, fresh)
        except FAILURES as failure:
            said = _said("updating", resource, prior, failure)
            return pb.ApplyResourceChange.Response(
                new_state=encode(self._as_it_is(resource, prior)), diagnostics=[said]
            )
        return pb.ApplyResourceChange.Response(new_state=encode(fresh))

    def _as_it_is(self, resource: Resource, prior: Values) -> Values | None:
        """Return the state after a failed update, or the prior state if the resource cannot be read."""
        try:
            return resource.refresh(self._place(prior), self._default_tags, prior)
        except FAILURES:
            return prior

    def _delete(self, resource: Resource, prior: Values) -> Any:
        try:
            resource.remove(self._place(prior), prior)
        except FAILURES as failure:
            said = _said("deleting", resource, prior, failure)
            return pb.ApplyResourceChange.Response(new_state=encode(prior), diagnostics=[said])
        return pb.ApplyResourceChange.Response(new_state=encode(None))

    def ImportResourceState(self, request: Any, _context: Any) -> Any:  # noqa: N802
        """Read the state of an existing object by its import id."""
        if request.type_name not in RESOURCES:
            return pb.ImportResourceState.Response(diagnostics=[_not_emulated(request.type_name)])
        resource = RESOURCES[request.type_name]
        blank = resource.unread(request.id)
        try:
            found = resource.refresh(self._place(blank), self._default_tags, blank)
        except FAILURES as failure:
            said = _said("importing", resource, blank, failure)
            return pb.ImportResourceState.Response(diagnostics=[said])
        if found is None:
            said = error(f"importing {resource.label} ({request.id}): there is no such object")
            return pb.ImportResourceState.Response(diagnostics=[said])
        imported = pb.ImportResourceState.ImportedResource(type_name=request.type_name, state=encode(found))
        return pb.ImportResourceState.Response(imported_resources=[imported])

    # --- data sources --------------------------------------------------------------------------------------

    def ValidateDataResourceConfig(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        """Accept the configuration, because Terraform checks it against the schema and reading checks the rest."""
        return pb.ValidateDataResourceConfig.Response()

    def ReadDataSource(self, request: Any, _context: Any) -> Any:  # noqa: N802
        """Read a data source."""
        if request.type_name not in DATA_SOURCES:
            return pb.ReadDataSource.Response(diagnostics=[_not_emulated(f"data.{request.type_name}")])
        source, config = DATA_SOURCES[request.type_name], decode(request.config)
        try:
            state = source.answer(self._place(config), config)
        except FAILURES as failure:
            said = error(f"reading {source.label}: {_words(failure, source.service)}")
            return pb.ReadDataSource.Response(diagnostics=[said])
        return pb.ReadDataSource.Response(state=encode(state))

    # --- shared by the calls -------------------------------------------------------------------------------

    def _place(self, values: Mapping[str, Any]) -> Place:
        return self._configured.at(values.get("region"))

    @property
    def _default_tags(self) -> Mapping[str, str]:
        return self._configured.default_tags

    @property
    def _configured(self) -> Configuration:
        if self._configuration is None:
            raise Misconfigured("the provider was asked for resources before it was configured")
        return self._configuration


def _set_only(tags: Any) -> dict[str, str]:
    return {key: value for key, value in (tags or {}).items() if value is not None}


def _not_emulated(type_: str) -> pb.Diagnostic:
    remedy = "Make none of it here (count = 0), or promote to a real account."
    return error(f"not emulated: {type_}", f"The sandbox has no {type_}. {remedy}")


def _said(verb: str, resource: Resource, values: Mapping[str, Any], failure: Exception) -> pb.Diagnostic:
    names = (values.get(key) for key in ("id", "name", "bucket", "identifier"))
    name = next((name for name in names if isinstance(name, str)), "")
    return error(f"{verb} {resource.label} ({name}): {_words(failure, resource.service)}".replace(" ()", ""))


def _words(failure: Exception, service: str) -> str:
    return describe(failure, service) if isinstance(failure, API_ERRORS) else str(failure)
