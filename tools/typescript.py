"""The wire's types for the browser client, from the server's own classes (`tools/generate.py`)."""

from typing import get_args

from msgspec import inspect

from hubbub import errors
from hubbub.protocol import events, requests

_UNIONS = {
    "Request": requests.AnyRequest,
    "Act": events.Act | events.Unknown,
    "LogEvent": events.AnyEntry,
    "EphemeralEvent": events.EphemeralEvent,
    "Event": events.Event | events.Unknown,
    "Reply": events.Reply,
}


def protocol() -> str:
    """Every request, reply and event as a TypeScript interface, and the unions of them."""
    names: dict[type, str] = {}
    for request in get_args(requests.AnyRequest):
        names[request] = f"{request.__name__}Request"
    for reply in (*get_args(events.Reply), *get_args(events.Event), events.Unknown):
        names.setdefault(reply, reply.__name__)
    structs = list(names)
    parts: list[str] = []
    for struct in structs:
        info = inspect.type_info(struct)
        assert isinstance(info, inspect.StructType)
        for found in _structs_in(info):
            if found not in names:
                names[found] = found.__name__
                parts.append(_interface(found, names))
        parts.append(_interface(struct, names))
    for name, union in _UNIONS.items():
        parts.append(f"export type {name} =\n  | " + "\n  | ".join(_members(union, names)) + ";")
    tags = (entry.__struct_config__.tag for entry in get_args(events.LogEvent))
    entries = ", ".join(f'"{tag}"' for tag in tags)
    parts.append(f"export const ENTRIES: readonly string[] = [{entries}];")
    codes = sorted(errors.REFUSALS)
    parts.append("export type ErrorCode =\n  | " + "\n  | ".join(f'"{c}"' for c in codes) + ";")
    return "\n\n".join(parts)


def _members(union: object, names: dict[type, str]) -> list[str]:
    return [names[member] for member in get_args(union)]


def _structs_in(info: inspect.StructType) -> list[type]:
    """The structs that stand in one, those that stand in these first."""
    found: dict[type, None] = {}
    for field in info.fields:
        within: dict[type, None] = {}
        _collect(field.type, within)
        for struct in within:
            inner = inspect.type_info(struct)
            assert isinstance(inner, inspect.StructType)
            found |= dict.fromkeys([*_structs_in(inner), struct])
    return list(found)


def _collect(kind: inspect.Type, found: dict[type, None]) -> None:
    match kind:
        case inspect.StructType(cls=cls, tag=None):
            found[cls] = None
        case inspect.UnionType(types=types):
            for each in types:
                _collect(each, found)
        case inspect.VarTupleType(item_type=item) | inspect.ListType(item_type=item):
            _collect(item, found)
        case _:
            pass


def _interface(struct: type, names: dict[type, str]) -> str:
    info = inspect.type_info(struct)
    assert isinstance(info, inspect.StructType)
    doc = (struct.__doc__ or "").strip().splitlines()[0]
    lines = [f"/** {doc} */", f"export interface {names[struct]} {{"]
    if info.tag is not None:
        lines.append(f'  type: "{info.tag}";')
    for field in info.fields:
        kind = _typescript(field.type, names)
        mark = "" if field.required else "?"
        if mark:
            kind = kind.removesuffix(" | null")
        lines.append(f"  {field.encode_name}{mark}: {kind};")
    return "\n".join([*lines, "}"])


def _typescript(kind: inspect.Type, names: dict[type, str]) -> str:
    match kind:
        case inspect.StrType():
            return "string"
        case inspect.IntType() | inspect.FloatType():
            return "number"
        case inspect.BoolType():
            return "boolean"
        case inspect.NoneType():
            return "null"
        case inspect.LiteralType(values=values):
            return " | ".join(f'"{value}"' for value in values)
        case inspect.EnumType(cls=cls):
            return " | ".join(f'"{each.value}"' for each in cls)
        case inspect.StructType(cls=cls):
            return names[cls]
        case inspect.DictType(value_type=value):
            return f"Record<string, {_typescript(value, names)}>"
        case inspect.ListType(item_type=item) | inspect.VarTupleType(item_type=item):
            inner = _typescript(item, names)
            return f"({inner})[]" if " " in inner else f"{inner}[]"
        case inspect.UnionType(types=types):
            return " | ".join(_typescript(each, names) for each in types)
        case _:
            raise TypeError(f"tools/typescript.py has no TypeScript for {kind!r}; add a case")
