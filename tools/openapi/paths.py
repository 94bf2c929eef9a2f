"""What OpenAPI calls the operations, and the parameters in their paths."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tools.bindings import VARIABLE, Route

SECOND_NAMES = {
    "/v1/pages:home": "getHomePage",
    "/v1/files/{file_id}/references": "listFileReferences",
    "/v1/files/{id}/versions/{version}:download": "downloadFileVersion",
    "/v1/files/{id}/versions/{version}/renditions/{specification}": "getRenditionOfVersion",
}
"""What an RPC is called where it is found a second time."""


def operation_id(route: Route) -> str:
    name = route.method.name
    return SECOND_NAMES.get(route.template, name[0].lower() + name[1:])


@dataclass(frozen=True)
class Paths:
    """Names of the parameters in paths: `document_id` for `document.id`, and wherever a path is the same up to there."""

    names: dict[str, str]

    @classmethod
    def of(cls, found: Iterable[Route]) -> "Paths":
        """OpenAPI takes two paths that differ in a parameter's name alone for one. Of several names the longest says most."""
        names: dict[str, str] = {}
        for route in found:
            for place, variable in places(route.template):
                name = variable.replace(".", "_")
                names[place] = max(names.get(place, ""), name, key=len)
        return cls(names)

    def path(self, template: str) -> str:
        for place, _ in places(template):
            template = VARIABLE.sub(f"<{self.names[place]}>", template, count=1)
        return template.replace("<", "{").replace(">", "}")

    def parameters(self, template: str) -> dict[str, str]:
        """The parameter's name for each of the contract's fields in the path."""
        return {variable: self.names[place] for place, variable in places(template)}


def places(template: str) -> Iterator[tuple[str, str]]:
    """For each variable: the template up to it, whatever its variables are called; and its name."""
    for found in VARIABLE.finditer(template):
        yield VARIABLE.sub("{}", template[: found.end()]), found[1]
