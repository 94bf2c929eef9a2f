"""The contract as the tools read it: descriptors, their options (ours and third-party ones) and their comments."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from google.protobuf import descriptor, descriptor_pb2, descriptor_pool, json_format, message_factory

Described = (
    descriptor.Descriptor
    | descriptor.EnumDescriptor
    | descriptor.EnumValueDescriptor
    | descriptor.FieldDescriptor
    | descriptor.OneofDescriptor
    | descriptor.ServiceDescriptor
    | descriptor.MethodDescriptor
)


def comments_of(file: descriptor_pb2.FileDescriptorProto) -> Iterator[tuple[str, str]]:
    """Each commented element's full name, and the comment above it."""
    for location in file.source_code_info.location:
        if not location.leading_comments:
            continue
        element: Any = file
        names = [file.package]
        # A path alternates field numbers and indexes, from the file down to the element (descriptor.proto).
        for number, index in zip(location.path[::2], location.path[1::2], strict=False):
            part = element.DESCRIPTOR.fields_by_number.get(number)
            if part is None or not part.is_repeated or len(location.path) % 2:
                break  # an option, which has no name
            element = getattr(element, part.name)[index]
            names.append(element.name)
        else:
            lines = (line.removeprefix(" ") for line in location.leading_comments.strip("\n").split("\n"))
            yield ".".join(names), "\n".join(lines).strip()


def full_name(described: Described) -> str:
    """Its name with all that it stands in; an enum's value too, which protobuf puts beside its enum."""
    if isinstance(described, descriptor.EnumValueDescriptor):
        return f"{described.type.full_name}.{described.name}"
    if isinstance(described, descriptor.OneofDescriptor):
        return f"{described.containing_type.full_name}.{described.name}"
    return described.full_name


@dataclass(frozen=True)
class Contract:
    """One compiled contract. Extensions resolve in its own pool, so no generated module is needed to read them."""

    pool: descriptor_pool.DescriptorPool
    files: tuple[str, ...]
    comments: dict[str, str]

    @classmethod
    def parse(cls, compiled: bytes) -> "Contract":
        """From a FileDescriptorSet with source info, imports before those who import them."""
        files = descriptor_pb2.FileDescriptorSet.FromString(compiled).file
        pool = descriptor_pool.DescriptorPool()
        for file in files:
            pool.Add(file)
        comments = dict(pair for file in files for pair in comments_of(file))
        return cls(pool, tuple(file.name for file in files), comments)

    def comment(self, described: Described) -> str:
        return self.comments.get(full_name(described), "")

    def services(self) -> Iterator[descriptor.ServiceDescriptor]:
        """Gazette's own services, by name."""
        found = (self.pool.FindFileByName(name).services_by_name.values() for name in self.files)
        ours = (service for services in found for service in services)
        return iter(sorted(ours, key=lambda service: service.full_name))

    def options(self, described: Described) -> dict[str, Any]:
        """Its options as JSON with the contract's names; an extension's key is its full name in brackets."""
        raw = described.GetOptions()
        kind = message_factory.GetMessageClass(self.pool.FindMessageTypeByName(raw.DESCRIPTOR.full_name))
        known = kind.FromString(raw.SerializeToString())
        return json_format.MessageToDict(known, preserving_proto_field_name=True, descriptor_pool=self.pool)
