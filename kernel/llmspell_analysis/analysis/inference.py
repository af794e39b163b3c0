"""Types of expressions of one text: by annotations, by literals, by what functions give.

None is an unknown type, and what is not certain is unknown. `facts` are what holds where the expression stands:
types of variables and of fields that statements before it and conditions around it tell.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from llmspell_analysis.analysis import operators
from llmspell_analysis.analysis.api_results import TRUSTED, known_results
from llmspell_analysis.analysis.chains import call_arguments, literal_string
from llmspell_analysis.analysis.declarations import Key, Unit, key_of, literal_type
from llmspell_analysis.analysis.declared_types import DeclaredTypes, module_unit
from llmspell_analysis.analysis.kinds import (
    ASSIGNMENT,
    BINARY,
    BRACKET_INDEX,
    CALL,
    COMMENT,
    EXPRESSION_LIST,
    FIELD_FIELD,
    FUNCTION,
    IDENTIFIER,
    INDEX,
    METHOD_FIELD,
    METHOD_INDEX,
    NAME_FIELD,
    NUMBER,
    PARENTHESIZED,
    TABLE,
    TABLE_FIELD,
    UNARY,
    VARARG,
    VARIABLE_LIST,
)
from llmspell_analysis.analysis.model import Local
from llmspell_analysis.analysis.signatures import names_of_parameters, signature_of
from llmspell_analysis.analysis.substitution import results_of
from llmspell_analysis.analysis.type_fields import Field, Fields, Missing, type_of_entry
from llmspell_analysis.analysis.type_relations import (
    Relations,
    enum_table,
    expand,
    is_callable_class,
    without_nil,
)
from llmspell_analysis.syntax import luacats_types as lt
from llmspell_analysis.syntax.luacats_tags import ClassTag, EnumTag, OverloadTag, TypeTag

if TYPE_CHECKING:
    from tree_sitter import Node

    from llmspell_analysis.analysis.file import File
    from llmspell_analysis.analysis.project import Project

_MAX_DEPTH = 24
_MANY = CALL | VARARG
Facts = dict[Key, "lt.Type | None"]
_NO_FACTS: Facts = {}


class Program:
    """All texts that a version of a file knows, with one `Inference` each."""

    def __init__(self, file: File, types: DeclaredTypes, project: Project) -> None:
        self.file = file
        self.types = types
        self.project = project
        self.relations = Relations(types)
        self.fields = Fields(types)
        self._inferences: dict[int | None, Inference] = {}
        self._modules: dict[str, Inference | None] = {}
        # how many arguments functions need, by their identity
        self.required: dict[int, tuple[lt.Function, int]] = {}

    def of_segment(self, index: int) -> Inference:
        found = self._inferences.get(index)
        if found is None:
            found = self._inferences[index] = Inference(self, self.types.unit(index))
        return found

    def of_module(self, name: str) -> Inference | None:
        if name not in self._modules:
            module = self.project.module(name, self.file.document.path)
            self._modules[name] = Inference(self, module_unit(module)) if module is not None else None
        return self._modules[name]


class Inference:
    """The types of one text's expressions."""

    def __init__(self, program: Program, unit: Unit) -> None:
        self.program = program
        self.types = program.types
        self.unit = unit
        self.data = unit.data
        self._defaults: dict[Local, lt.Type | None] = {}
        self._annotated: dict[Local, tuple[lt.Type | None] | None] = {}
        self._casts = self._read_casts() if unit.annotations.behind else {}
        # of the statement that is looked at; facts are kept alive, so that no other has their identity
        self._seen: dict[tuple[int, int], tuple[Facts, lt.Type | None]] = {}
        self._arguments: dict[int, list[Node]] = {}
        self._found_fields: dict[tuple[int, int], tuple[Facts, Field | Missing | None]] = {}
        # of the whole text: what an expression names depends on nothing else
        self._keys: dict[int, Key | None] = {}

    # --- names -------------------------------------------------------------------------------------------------

    def text(self, node: Node) -> str:
        return self.data[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def local_at(self, node: Node) -> Local | None:
        """The local that an identifier means, which may be of another segment."""
        analysis = self.unit.analysis
        start = node.start_byte
        declared = analysis.local_at.get(start)
        if declared is not None:
            return declared
        reference = analysis.reference_at.get(start)
        if reference is None:
            return None
        if reference.local is not None and reference.local.kind != "outer":
            return reference.local
        if self.unit.index is None:
            return None
        variable = self.program.file.bound[self.unit.index].get(reference.name)
        return variable.local if variable is not None else None

    def key(self, node: Node) -> Key | None:
        """The variable and fields that an expression names, as facts are kept by."""
        number = node.id
        if number not in self._keys:
            self._keys[number] = self._key(node)
        return self._keys[number]

    def _key(self, node: Node) -> Key | None:
        if node.kind_id in IDENTIFIER:
            local = self.local_at(node)
            if local is None:
                return self.text(node), ()
            if local.kind != "self":
                return local, ()
        found = key_of(node, self.unit)
        if found is None or isinstance(found[0], Local):
            return found
        if self.unit.index is not None:
            variable = self.program.file.bound[self.unit.index].get(found[0])
            if variable is not None and variable.local is not None:
                return variable.local, found[1]
        return found

    def home(self, local: Local) -> Inference:
        """The inference of the text that declares a local."""
        if self.unit.index is None:
            return self
        variable = self.program.file.variable_of(local)
        if variable is None or variable.index == self.unit.index or variable.index < 0:
            return self
        return self.program.of_segment(variable.index)

    def is_constant(self, local: Local) -> bool:
        variable = self.program.file.variable_of(local) if self.unit.index is not None else None
        return not variable.is_written if variable is not None else local.is_constant

    def is_shared(self, local: Local) -> bool:
        """Whether another function than its own assigns a local, so that any call may change it."""
        variable = self.program.file.variable_of(local) if self.unit.index is not None else None
        if variable is not None:
            return variable.is_set_by_functions
        own = local.scope.function
        return any(each.access == "write" and each.scope.function is not own for each in local.references)

    # --- variables ---------------------------------------------------------------------------------------------

    def annotated(self, local: Local) -> tuple[lt.Type | None] | None:
        """The type that annotations give a local, in a tuple; None when they say nothing."""
        if local in self._annotated:
            return self._annotated[local]
        home = self.home(local)
        if home is not self:
            return home.annotated(local)
        if local not in self._annotated:
            self._annotated[local] = None
            self._annotated[local] = self._read_annotation(local)
        return self._annotated[local]

    def _read_annotation(self, local: Local) -> tuple[lt.Type | None] | None:
        if local.kind == "self":
            return (self.of_self(local),)
        if local.kind == "parameter":
            return self._annotation_of_parameter(local)
        if local.kind == "function" and local.value is not None:
            return (signature_of(local.value, self.unit),)
        if local.kind != "local" or not self.unit.annotations.comments:
            return None
        line = self.unit.analysis.document.source.line_of(local.start)
        statement, place = self._declaration(local)
        lines = {line, self.unit.analysis.document.source.line_of(statement.start_byte)} if statement else {line}
        found: tuple[lt.Type | None] | None = None
        for comment in (each for one in lines for each in self.unit.annotations.of_line(one)):
            for tag in comment.block.tags:
                if isinstance(tag, TypeTag) and tag.name == "type" and place < len(tag.types):
                    found = (tag.types[place],)
                elif isinstance(tag, ClassTag) and place == 0:
                    found = (lt.Named(tag.class_name),)
                elif isinstance(tag, EnumTag) and place == 0:
                    found = (enum_table(tag.enum_name),)
                elif isinstance(tag, OverloadTag) and found is None and tag.function is not None:
                    found = (tag.function,)  # whatever it is, it can be called
        return found

    def _annotation_of_parameter(self, local: Local) -> tuple[lt.Type | None] | None:
        if not self.unit.annotations.comments:
            return None
        function = self.unit.analysis.document.tree.root_node.descendant_for_byte_range(local.start, local.end)
        while function is not None and function.kind_id not in FUNCTION:
            function = function.parent
        if function is None:
            return None
        for each in self.signature(function).parameters:
            if each.name == local.name:
                if each.type is None:
                    return None
                return (lt.union([each.type, lt.NIL]) if each.is_optional else each.type,)
        return None

    def signature(self, function: Node) -> lt.Function:
        """What is known of a function of this text; its parameters by the names that it gives them."""
        found = signature_of(function, self.unit)
        names = [self.text(each) for each in names_of_parameters(function, self.data)]
        given = [each for each in found.parameters if each.name != "self" or "self" in names]
        if len(given) != len(names) or [each.name for each in given] == names:
            return found
        renamed = tuple(
            lt.Parameter(name, each.type, each.is_optional) for name, each in zip(names, given, strict=True)
        )
        return lt.Function(renamed, found.returns, found.is_async, found.overloads, found.generics)

    def of_self(self, local: Local) -> lt.Type | None:
        """`self` in a method: the class or the table that the method is given to."""
        return self.of(local.value) if local.value is not None else None

    def _declaration(self, local: Local) -> tuple[Node | None, int]:
        """The statement that declares a local, and the local's place among its names."""
        node = self.unit.analysis.document.tree.root_node.descendant_for_byte_range(local.start, local.end)
        names = node.parent if node is not None else None
        if node is None or names is None or names.kind_id not in VARIABLE_LIST:
            return None, 0
        places = [each.start_byte for each in names.named_children if each.kind_id in IDENTIFIER]
        place = places.index(local.start) if local.start in places else 0
        statement = names.parent
        if statement is not None and statement.kind_id in ASSIGNMENT:
            statement = statement.parent
        return statement, place

    def default(self, local: Local) -> lt.Type | None:
        """What a local holds wherever it is seen."""
        if local in self._defaults:
            return self._defaults[local]
        home = self.home(local)
        if home is not self:
            return home.default(local)
        if local not in self._defaults:
            self._defaults[local] = None  # for a local that is defined by itself
            self._defaults[local] = self._default(local)
        return self._defaults[local]

    def _default(self, local: Local) -> lt.Type | None:
        said = self.annotated(local)
        if said is not None:
            if local.kind in ("local", "parameter") or self.is_constant(local):
                return said[0]
            return None
        if not self.is_constant(local):
            return None
        if local.iterated is not None:
            return self.element(self.of(local.iterated))
        if local.kind != "local":
            return None
        if local.value is not None:
            if local.value.kind_id in TABLE:
                return lt.Shape((local, ()), self.unit.analysis)
            return self.of(local.value)
        statement, place = self._declaration(local)
        return self.place_of(self.values_of(statement), place) if statement is not None else None

    @staticmethod
    def values_of(statement: Node) -> list[Node]:
        """The expressions on the right of a declaration or an assignment."""
        inner = next((each for each in statement.named_children if each.kind_id in ASSIGNMENT), statement)
        values = next((each for each in inner.named_children if each.kind_id in EXPRESSION_LIST), None)
        return [each for each in values.named_children if each.kind_id not in COMMENT] if values is not None else []

    def place_of(self, values: Sequence[Node], place: int, facts: Facts = _NO_FACTS) -> lt.Type | None:
        """The type of the value at a place of a list of expressions, the last of which may give several."""
        if place < len(values) - 1 or (place == len(values) - 1 and values[place].kind_id not in _MANY):
            return self.of(values[place], facts)
        if not values:
            return lt.NIL
        last = values[-1]
        if last.kind_id in CALL:
            results = self.results(last, facts)
            if results is None:
                return None
            index = place - len(values) + 1
            if results and isinstance(results[-1], lt.Variadic) and index >= len(results) - 1:
                return None
            return results[index] if index < len(results) else lt.NIL
        return None if last.kind_id in VARARG else lt.NIL

    # --- expressions -------------------------------------------------------------------------------------------

    def of(self, node: Node, facts: Facts = _NO_FACTS, depth: int = 0) -> lt.Type | None:
        """The type of an expression's first value."""
        if depth > _MAX_DEPTH:
            return None
        key = (node.id, id(facts))
        seen = self._seen.get(key)
        if seen is None:
            seen = self._seen[key] = (facts, self._of(node, facts, depth))
        return seen[1]

    def forget(self) -> None:
        """Another statement is looked at."""
        self._seen = {}
        self._arguments = {}
        self._found_fields = {}

    def arguments(self, call: Node) -> list[Node]:
        """The arguments of a call of the statement that is looked at."""
        key = call.id
        found = self._arguments.get(key)
        if found is None:
            found = self._arguments[key] = call_arguments(call)
        return found

    def _of(self, node: Node, facts: Facts, depth: int) -> lt.Type | None:
        if node.has_error:
            return None
        if self._casts and node.end_byte in self._casts and node.kind_id not in BINARY:
            return self._casts[node.end_byte]
        kind = node.kind_id
        if kind in IDENTIFIER:
            return self.of_name(node, facts)
        if kind in INDEX:
            return self.of_index(node, facts, depth)
        if kind in CALL:
            results = self.results(node, facts, depth)
            if results is None:
                return None
            return (None if isinstance(results[0], lt.Variadic) else results[0]) if results else lt.NIL
        if kind in FUNCTION:
            return signature_of(node, self.unit)
        if kind in TABLE:
            return lt.Named("table")
        if kind in PARENTHESIZED:
            inner = [each for each in node.named_children if each.kind_id not in COMMENT]
            return self.of(inner[0], facts, depth + 1) if len(inner) == 1 else None
        if kind in BINARY:
            return operators.of_binary(self, node, facts, depth)
        if kind in UNARY:
            return operators.of_unary(self, node, facts, depth)
        return literal_type(node, self.data)

    def _read_casts(self) -> dict[int, lt.Type | None]:
        """Where an expression ends before `--[[@as T]]` -> the type."""
        casts: dict[int, lt.Type | None] = {}
        for comment in self.unit.annotations.behind.values():
            if comment.has("as"):
                end = len(self.data[: max(comment.start, 0)].rstrip())
                tags = comment.tags(TypeTag)
                casts[end] = tags[0].types[0] if tags and len(tags[0].types) == 1 else None
        return casts

    def of_name(self, node: Node, facts: Facts) -> lt.Type | None:
        local = self.local_at(node)
        if local is None:
            return self.of_global(self.text(node), facts)
        if facts and (key := (local, ())) in facts:
            return facts[key]
        return self.default(local)

    def of_global(self, name: str, facts: Facts = _NO_FACTS) -> lt.Type | None:
        if (name, ()) in facts:
            return facts[(name, ())]
        entry = self.types.catalogue.globals.get(name)
        file = self.program.file
        if name in file.globals_assigned:
            return self._of_assigned_global(name)
        return type_of_entry(entry) if entry is not None else None

    def _of_assigned_global(self, name: str) -> lt.Type | None:
        function = self.types.global_function(name)
        if function is not None:
            unit, node = function
            return signature_of(node, unit)
        file = self.program.file
        unit = self.types.unit(file.globals_assigned[name])
        reference = unit.analysis.globals_assigned.get(name)
        if reference is None or reference.name != name:
            return None
        line = unit.analysis.document.source.line_of(reference.start)
        for comment in unit.annotations.of_line(line):
            for tag in comment.block.tags:
                if isinstance(tag, TypeTag) and tag.types:
                    return tag.types[0]
                if isinstance(tag, ClassTag):
                    return lt.Named(tag.class_name)
                if isinstance(tag, EnumTag):
                    return enum_table(tag.enum_name)
        if (name, ()) in unit.analysis.members and file.globals.get(name) is not None:
            return lt.Shape((name, ()), unit.analysis)
        return None

    def of_index(self, node: Node, facts: Facts, depth: int = 0) -> lt.Type | None:
        for fact in facts:
            if fact[1]:
                key = self.key(node)
                if key is not None and key in facts:
                    return facts[key]
                break
        base = node.child_by_field_id(TABLE_FIELD)
        if base is None:
            return None
        found = self._field_at(node, base, facts, depth)
        return found.type if isinstance(found, Field) else None

    def field_at(self, node: Node, facts: Facts) -> Field | Missing | None:
        """What `base.name` is where it stands, whatever conditions tell of it."""
        base = node.child_by_field_id(TABLE_FIELD)
        return self._field_at(node, base, facts, 0) if base is not None else None

    def _field_at(self, node: Node, base: Node, facts: Facts, depth: int) -> Field | Missing | None:
        key = (node.id, id(facts))
        seen = self._found_fields.get(key)
        if seen is None:
            found = self.field(node, self.of(base, facts, depth + 1), facts)
            seen = self._found_fields[key] = (facts, found)
        return seen[1]

    def field(self, node: Node, owner: lt.Type | None, facts: Facts = _NO_FACTS) -> Field | Missing | None:
        """What `base.name` is in a value of type `owner`."""
        if owner is None:
            return None
        is_method = node.kind_id in METHOD_INDEX
        name_node = node.child_by_field_id(METHOD_FIELD if is_method else FIELD_FIELD)
        if name_node is None:
            return None
        if node.kind_id in BRACKET_INDEX:
            name = literal_string(name_node, self.data)
            if name is None:
                return self._element_at(without_nil(owner), name_node)
        else:
            name = self.text(name_node)
        tool = self._tool(node, name)
        if tool is not None:
            return tool
        return self.program.fields.of(without_nil(owner), name)

    def _tool(self, node: Node, name: str) -> Field | None:
        base = node.child_by_field_id(TABLE_FIELD)
        if base is None or base.kind_id not in IDENTIFIER or self.text(base) != "Tool":
            return None
        return Field(lt.Named("ToolInstance")) if name in self.types.catalogue.tools else None

    def _element_at(self, owner: lt.Type | None, key: Node) -> Field | None:
        if isinstance(owner, lt.Tuple) and key.kind_id in NUMBER:
            number = self.text(key)
            if number.isdigit() and 0 < int(number) <= len(owner.elements):
                return Field(owner.elements[int(number) - 1])
            return None
        element = self.element(owner)
        return Field(element) if element is not None else None

    def element(self, container: lt.Type | None) -> lt.Type | None:
        """What `container[i]` gives, and what a loop over it does."""
        parts = expand(without_nil(container), self.types) if container is not None else ()
        if len(parts) != 1:
            return None
        match parts[0]:
            case lt.Array(element):
                return element
            case lt.Named("table", (_, value)):
                return value
        return None

    # --- calls -------------------------------------------------------------------------------------------------

    def callee(self, call: Node, facts: Facts = _NO_FACTS, depth: int = 0) -> lt.Type | None:
        name = call.child_by_field_id(NAME_FIELD)
        return self.of(name, facts, depth + 1) if name is not None else None

    def is_method_call(self, call: Node) -> bool:
        name = call.child_by_field_id(NAME_FIELD)
        return name is not None and name.kind_id in METHOD_INDEX

    def function_of(self, given: lt.Type | None) -> lt.Function | None:
        """What is called when a value of a type is called; None when nobody can tell."""
        if isinstance(given, lt.Function):
            return given
        one = without_nil(given)
        parts = expand(one, self.types) if one is not None else ()
        if len(parts) != 1:
            return None
        part = parts[0]
        if isinstance(part, lt.Function):
            return part
        if isinstance(part, lt.Named) and is_callable_class(part.name, self.types):
            return self._constructor(part.name)
        return None

    def _constructor(self, name: str) -> lt.Function | None:
        for each in self.types.lineage(name)[0]:
            for declared in self.types.classes(each):
                overloads = declared.declaration.overloads
                if overloads:
                    return lt.Function(
                        overloads[0].parameters, overloads[0].returns, overloads=overloads[1:], is_async=False
                    )
                for operator in declared.declaration.operators:
                    if operator.operator == "call":
                        return lt.Function((lt.Parameter("..."),), (operator.result,))
        return None

    def results(self, call: Node, facts: Facts = _NO_FACTS, depth: int = 0) -> tuple[lt.Type | None, ...] | None:
        """The types of what a call gives; None when nobody can tell how many there are."""
        function = self.function_of(self.callee(call, facts, depth))
        if function is None:
            return None
        special = known_results(self, function.api_name, call, facts)
        if special is not None:
            return special
        if function.api_name in TRUSTED:
            return None
        if not function.generics and not function.overloads:
            return function.returns
        arguments = self.arguments(call)
        given = [self.of(each, facts, depth + 1) for each in arguments]
        if self.is_method_call(call):
            given.insert(0, self.receiver(call, facts))
        texts = [literal_string(each, self.data) for each in arguments]
        return results_of(function, given, texts, self.program.relations)

    def receiver(self, call: Node, facts: Facts = _NO_FACTS) -> lt.Type | None:
        name = call.child_by_field_id(NAME_FIELD)
        base = name.child_by_field_id(TABLE_FIELD) if name is not None else None
        return self.of(base, facts) if base is not None else None
