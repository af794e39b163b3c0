"""The one traversal of a tree that fills an `Analysis`.

It uses a stack of its own, so that no nesting in a text is too deep for it. A declaration takes effect when it
is popped, which is how `local x = x` and `repeat local x until x` get Lua's scoping.
"""

from __future__ import annotations

from collections.abc import Callable

from tree_sitter import Node

from llmspell_analysis.analysis.chains import call_arguments, literal_string
from llmspell_analysis.analysis.kinds import (
    ASSIGNMENT,
    ATTRIBUTE,
    BINARY,
    BLOCK,
    BODY_FIELD,
    BRACKET_INDEX,
    CALL,
    CLAUSE_FIELD,
    COMMENT,
    CONDITION_FIELD,
    CONDITIONAL,
    DOT_INDEX,
    EXPRESSION_LIST,
    FIELD,
    FOR,
    FOR_GENERIC,
    FOR_NUMERIC,
    FUNCTION_DECLARATION,
    FUNCTION_DEFINITION,
    GOTO,
    IDENTIFIER,
    INDEX,
    LABEL,
    LEFT_FIELD,
    LOCAL_KEYWORD,
    METHOD_INDEX,
    NAME_FIELD,
    NOTHING,
    OPERATOR_FIELD,
    PARAMETERS,
    PARAMETERS_FIELD,
    PARENTHESIZED,
    REPEAT,
    RETURN,
    RIGHT_FIELD,
    TABLE,
    TABLE_FIELD,
    UNARY,
    VALUE_FIELD,
    VARARG,
    VARIABLE_DECLARATION,
    VARIABLE_LIST,
)
from llmspell_analysis.analysis.model import (
    RETURNED,
    Analysis,
    Call,
    Function,
    Goto,
    Label,
    Local,
    Scope,
)
from llmspell_analysis.analysis.traversal import BROKEN, GUARD, INHERITED, LOADERS, PROTECTED, Action, Traversal
from llmspell_analysis.syntax.document import Document
from llmspell_analysis.syntax.tree import ERROR

# Functions whose argument may well be nil.
_TESTERS = frozenset({"type", "rawequal", "assert", "tostring"})
# Uses of `_G` as a value that only read it.
_G_READERS = frozenset({"pairs", "next", "rawget", "type", "tostring", "print", "ipairs"})
_PROTECTORS = frozenset({"pcall", "xpcall"})


# Globals whose meaning decides how the text around them is read. Where a local has such a name, the builder of a
# later segment must be told.
READ_SPECIALLY = _TESTERS | LOADERS | _G_READERS | _PROTECTORS | {"_G", "_ENV", "require", "rawset", "error", "os"}


def analyze(document: Document, outer: frozenset[str] = frozenset()) -> Analysis:
    """Tables of the document's current tree. Never raises on any text.

    `outer` are names of `READ_SPECIALLY` that are locals where the document is a piece of a larger text.
    """
    return _Builder(document, outer).run()


class _Builder(Traversal):
    def run(self) -> Analysis:
        self.push_children(self.root, BROKEN if self.root.kind_id == ERROR else 0, self.root.kind_id == ERROR)
        stack, dispatch, children = self.stack, _DISPATCH, _Builder.children
        while stack:
            action, node, flags = stack.pop()
            if action is None:
                dispatch.get(node.kind_id, children)(self, node, flags)
            else:
                action(node, flags)
        return self.analysis

    def push_children(self, node: Node, flags: int, is_error: bool = False) -> None:
        if is_error:
            self.error(node, flags)
        else:
            self.push_all(node.named_children, flags)

    def nothing(self, node: Node, flags: int) -> None:
        """Literals and comments hold no names."""

    def read_identifier(self, node: Node, flags: int) -> None:
        self.refer(node, "read", flags)

    def read_index(self, node: Node, flags: int) -> None:
        self.index(node, "read", flags)

    # --- expressions -----------------------------------------------------------------------------------------

    def call(self, node: Node, flags: int) -> None:
        inherited = flags & INHERITED
        self.analysis.calls.append(Call(node, flags & PROTECTED != 0))
        callee = node.child_by_field_id(NAME_FIELD)
        name = self.text(callee) if callee is not None and callee.kind_id in IDENTIFIER else ""
        is_global = not self.names.get(name)
        argument_flags = inherited
        if name in _PROTECTORS and is_global:
            argument_flags |= PROTECTED
        if name in _TESTERS and is_global:
            argument_flags |= GUARD
        arguments = call_arguments(node)
        self.note_call_on_globals(name if is_global else "", arguments)
        if name in _G_READERS and is_global and arguments:
            self.push_all(arguments[1:], inherited)
            self.push(arguments[0], inherited | self.guard_if_g(arguments, argument_flags))
        else:
            self.push_all(arguments, argument_flags)
        if callee is None:
            return
        if callee.kind_id in IDENTIFIER:
            self.refer(callee, "call", inherited)
        elif callee.kind_id in INDEX:
            self.index(callee, "call", inherited)
        else:
            self.push(callee, inherited)

    def guard_if_g(self, arguments: list[Node], flags: int) -> int:
        """`pairs(_G)` reads the table and passes it to nobody."""
        first = arguments[0]
        return GUARD if first.kind_id in IDENTIFIER and self.text(first) == "_G" else flags & GUARD

    def note_call_on_globals(self, name: str, arguments: list[Node]) -> None:
        if name == "require" and arguments:
            module = literal_string(arguments[0], self.data)
            if module is None:
                self.analysis.has_dynamic_globals = True
            else:
                self.analysis.required.setdefault(module, arguments[0].start_byte)
        if name in ("rawget", "rawset") and len(arguments) > 1 and self.text(arguments[0]) == "_G":
            key = literal_string(arguments[1], self.data)
            if key is not None:
                self.analysis.globals_tested.add(key)

    def parenthesized(self, node: Node, flags: int) -> None:
        self.push_all(node.named_children, flags)

    def binary(self, node: Node, flags: int) -> None:
        left, right = node.child_by_field_id(LEFT_FIELD), node.child_by_field_id(RIGHT_FIELD)
        operator = node.child_by_field_id(OPERATOR_FIELD)
        symbol = self.text(operator) if operator is not None else self.symbol_between(node)
        inherited = flags & INHERITED
        left_flags = right_flags = inherited
        if symbol == "or":
            left_flags |= GUARD
            right_flags |= GUARD
        elif symbol == "and":
            left_flags |= GUARD
            right_flags |= flags & GUARD
        elif symbol in ("==", "~="):
            left_flags |= GUARD
            right_flags |= GUARD
        self.push(right, right_flags)
        self.push(left, left_flags)

    def symbol_between(self, node: Node) -> str:
        return next((self.text(child) for child in node.children if not child.is_named), "")

    def unary(self, node: Node, flags: int) -> None:
        guard = GUARD if self.data[node.start_byte : node.start_byte + 3] == b"not" else 0
        self.push_all(node.named_children, flags & INHERITED | guard)

    def table(self, node: Node, flags: int) -> None:
        inherited = flags & INHERITED
        for field in reversed(node.named_children):
            if field.kind_id not in FIELD:
                self.push(field, inherited)
                continue
            name, value = field.child_by_field_id(NAME_FIELD), field.child_by_field_id(VALUE_FIELD)
            self.push(value, inherited)
            if name is not None and name.start_byte != field.start_byte:
                self.push(name, inherited)

    # --- functions -------------------------------------------------------------------------------------------

    def function_declaration(self, node: Node, flags: int) -> None:
        name = node.child_by_field_id(NAME_FIELD)
        if name is None:
            self.function_body(node, flags, "", None, is_local=False)
            return
        is_local = node.child(0) is not None and node.children[0].kind_id in LOCAL_KEYWORD
        if name.kind_id in IDENTIFIER:
            if is_local:
                local = self.declare_node(name, "function", name.end_byte)
                if local is not None:
                    local.value = node
            else:
                self.refer(name, "write", flags & INHERITED)
        elif name.kind_id in METHOD_INDEX:
            self.members.add(name, node, is_method=True)
            self.index(name, "write", flags & INHERITED)
        elif name.kind_id in DOT_INDEX:
            self.members.add(name, node)
            self.index(name, "write", flags & INHERITED)
        self.function_body(node, flags, self.text(name), name, is_local=is_local)

    def function_definition(self, node: Node, flags: int) -> None:
        self.function_body(node, flags, "", None, is_local=True)

    def function_body(self, node: Node, flags: int, name: str, name_node: Node | None, is_local: bool) -> None:
        parameters = node.child_by_field_id(PARAMETERS_FIELD)
        is_method = name_node is not None and name_node.kind_id in METHOD_INDEX
        start = parameters.start_byte if parameters is not None else node.start_byte
        scope = self.open(start, node.end_byte, is_function=True)
        # A token that is missing has no width, so that the body of an unfinished function reaches to its end.
        self.push(node, flags, self.close)
        if is_method and name_node is not None:
            owner = name_node.child_by_field_id(TABLE_FIELD)
            self.declare("self", (start, start), "self", start).value = owner
        names = self.declare_parameters(parameters, scope)
        body = node.child_by_field_id(BODY_FIELD)
        if body is not None:
            self.push_all(body.named_children, flags & INHERITED)
        if name_node is not None:
            self.analysis.functions.append(
                Function(name, node, name_node.start_byte, name_node.end_byte, is_local, is_method, names, scope)
            )

    def declare_parameters(self, parameters: Node | None, scope: Scope) -> tuple[str, ...]:
        names: list[str] = []
        if parameters is None:
            return ()
        for child in parameters.named_children:
            if child.kind_id in IDENTIFIER:
                self.declare_node(child, "parameter", child.end_byte)
                names.append(self.text(child))
            elif child.kind_id in VARARG:
                scope.is_vararg = True
                names.append("...")
        return tuple(names)

    # --- statements ------------------------------------------------------------------------------------------

    def block(self, node: Node, flags: int) -> None:
        self.open(node.start_byte, node.end_byte)
        self.push(node, flags, self.close)
        self.push_all(node.named_children, flags & INHERITED)

    def variable_declaration(self, node: Node, flags: int) -> None:
        assignment = next((child for child in node.named_children if child.kind_id in ASSIGNMENT), None)
        holder = assignment if assignment is not None else node
        self.push(holder, flags, self.declare_variables)
        if assignment is not None:
            self.push_all(self.values_of(assignment), flags & INHERITED)

    def values_of(self, assignment: Node) -> list[Node]:
        lists = [child for child in assignment.named_children if child.kind_id in EXPRESSION_LIST]
        return [value for each in lists for value in each.named_children if value.kind_id not in COMMENT] or []

    def declare_variables(self, holder: Node, flags: int) -> None:
        """After the values: the names of `local a <const>, b = …` come into being."""
        values = self.values_of(holder) if holder.kind_id in ASSIGNMENT else []
        visible_from = holder.end_byte
        variables = next((child for child in holder.named_children if child.kind_id in VARIABLE_LIST), None)
        if variables is None:
            return
        index = -1
        last: Local | None = None
        for child in variables.named_children:
            if child.kind_id in IDENTIFIER:
                index += 1
                last = self.declare_node(child, "local", visible_from)
                if last is not None and index < len(values):
                    last.value = values[index]
                    if values[index].kind_id in TABLE:
                        self.members.add_table((last, ()), values[index])
            elif child.kind_id in ATTRIBUTE and last is not None:
                last.attribute = self.text(child).strip("<> \t\r\n")

    def assignment(self, node: Node, flags: int) -> None:
        inherited = flags & INHERITED
        values = self.values_of(node)
        targets = next((child for child in node.named_children if child.kind_id in VARIABLE_LIST), None)
        self.push_all(values, inherited)
        if targets is None:
            return
        index = -1
        for target in targets.named_children:
            if target.kind_id in COMMENT:
                continue
            index += 1
            value = values[index] if index < len(values) else None
            if target.kind_id in IDENTIFIER:
                self.refer(target, "write", inherited)
                if value is not None and value.kind_id in TABLE:
                    key = self.members.key_of(target)
                    if key is not None:
                        self.members.add_table(key, value)
            elif target.kind_id in DOT_INDEX or target.kind_id in BRACKET_INDEX:
                self.members.add(target, value)
                self.index(target, "write", inherited)
            else:
                self.push(target, inherited)

    def conditional(self, node: Node, flags: int) -> None:
        condition = node.child_by_field_id(CONDITION_FIELD)
        for child in reversed(node.named_children):
            is_condition = condition is not None and child == condition
            self.push(child, flags & INHERITED | (GUARD if is_condition else 0))

    def for_statement(self, node: Node, flags: int) -> None:
        inherited = flags & INHERITED
        clause, body = node.child_by_field_id(CLAUSE_FIELD), node.child_by_field_id(BODY_FIELD)
        self.open(body.start_byte if body is not None else node.start_byte, node.end_byte)
        self.push(node, flags, self.close)
        if body is not None:
            self.push_all(body.named_children, inherited)
        if clause is None:
            return
        self.push(clause, flags, self.declare_loop_variables)
        # The names come first in a clause; everything after them is evaluated outside the loop's scope.
        for child in reversed(clause.named_children):
            if child.kind_id not in VARIABLE_LIST and child != clause.child_by_field_id(NAME_FIELD):
                self.push(child, inherited)

    def declare_loop_variables(self, clause: Node, flags: int) -> None:
        name = clause.child_by_field_id(NAME_FIELD)
        if name is not None and clause.kind_id in FOR_NUMERIC:
            self.declare_node(name, "loop", clause.end_byte)
            return
        declared: list[Local | None] = []
        for child in clause.named_children:
            if child.kind_id in VARIABLE_LIST:
                declared.extend(
                    self.declare_node(variable, "loop", clause.end_byte)
                    for variable in child.named_children
                    if variable.kind_id in IDENTIFIER
                )
        if len(declared) == 2 and declared[1] is not None:
            declared[1].iterated = self.iterated(clause)

    def iterated(self, clause: Node) -> Node | None:
        """The argument of `ipairs` or `pairs` in a generic for."""
        for values in clause.named_children:
            call = next(iter(values.named_children), None) if values.kind_id in EXPRESSION_LIST else None
            if call is not None and call.kind_id in CALL:
                name = call.child_by_field_id(NAME_FIELD)
                arguments = call_arguments(call)
                if name is not None and self.text(name) in ("ipairs", "pairs") and arguments:
                    return arguments[0]
        return None

    def repeat_statement(self, node: Node, flags: int) -> None:
        inherited = flags & INHERITED
        body, condition = node.child_by_field_id(BODY_FIELD), node.child_by_field_id(CONDITION_FIELD)
        self.open(node.start_byte, node.end_byte)
        self.push(node, flags, self.close)
        self.push(condition, inherited | GUARD)
        if body is not None:
            self.push_all(body.named_children, inherited)

    def return_statement(self, node: Node, flags: int) -> None:
        if self.scope is self.analysis.chunk:
            values = [child for each in node.named_children for child in each.named_children]
            self.analysis.returned = values[0] if values else None
            if values and values[0].kind_id in TABLE:
                self.members.add_table((RETURNED, ()), values[0])
        self.push_all(node.named_children, flags & INHERITED)

    def label(self, node: Node, flags: int) -> None:
        for child in node.named_children:
            if child.kind_id in IDENTIFIER:
                name = self.text(child)
                self.scope.labels.setdefault(name, Label(name, child.start_byte, child.end_byte, self.scope))

    def goto(self, node: Node, flags: int) -> None:
        for child in node.named_children:
            if child.kind_id in IDENTIFIER:
                self.analysis.gotos.append(Goto(self.text(child), child.start_byte, child.end_byte, self.scope))

    # --- broken code -----------------------------------------------------------------------------------------

    def error(self, node: Node, flags: int) -> None:
        """An ERROR node has statements, expressions and loose tokens side by side: read them in order.

        Scopes that its tokens open stay open to its end; names declared in it are known from there on, so that
        half-typed code does not make what follows undefined.
        """
        flags = flags & INHERITED | BROKEN
        depth = 0
        is_local = False
        actions: list[tuple[Action | None, Node, int]] = []
        for child in node.children:
            kind = child.kind_id
            if kind in PARAMETERS or kind in FOR_GENERIC | FOR_NUMERIC:
                actions.append((self.open_broken, child, flags))
                depth += 1
            elif kind in VARIABLE_LIST:
                actions.append((self.declare_broken if is_local else None, child, flags))
            elif child.is_named:
                actions.append((None, child, flags))
            is_local = kind in LOCAL_KEYWORD
        self.stack.extend((self.close, node, flags) for _ in range(depth))
        self.stack.extend(reversed(actions))

    def open_broken(self, node: Node, flags: int) -> None:
        end = node.parent.end_byte if node.parent is not None else len(self.data)
        scope = self.open(node.start_byte, end, is_function=node.kind_id in PARAMETERS)
        if node.kind_id in PARAMETERS:
            self.declare_parameters(node, scope)
        else:
            self.declare_loop_variables(node, flags)
            self.push_all([child for child in node.named_children if child.kind_id not in VARIABLE_LIST], flags)

    def declare_broken(self, node: Node, flags: int) -> None:
        for child in node.named_children:
            if child.kind_id in IDENTIFIER:
                self.declare_node(child, "local", child.end_byte)


Visit = Callable[[_Builder, Node, int], None]


def _dispatch_table() -> dict[int, Visit]:
    table: dict[int, Visit] = {}
    for numbers, action in (
        (IDENTIFIER, _Builder.read_identifier),
        (DOT_INDEX, _Builder.read_index),
        (METHOD_INDEX, _Builder.read_index),
        (BRACKET_INDEX, _Builder.read_index),
        (CALL, _Builder.call),
        (PARENTHESIZED, _Builder.parenthesized),
        (BINARY, _Builder.binary),
        (UNARY, _Builder.unary),
        (TABLE, _Builder.table),
        (FUNCTION_DECLARATION, _Builder.function_declaration),
        (FUNCTION_DEFINITION, _Builder.function_definition),
        (VARIABLE_DECLARATION, _Builder.variable_declaration),
        (ASSIGNMENT, _Builder.assignment),
        (FOR, _Builder.for_statement),
        (REPEAT, _Builder.repeat_statement),
        (CONDITIONAL, _Builder.conditional),
        (RETURN, _Builder.return_statement),
        (LABEL, _Builder.label),
        (GOTO, _Builder.goto),
        (BLOCK, _Builder.block),
        (NOTHING, _Builder.nothing),
    ):
        for number in numbers:
            table[number] = action
    table[ERROR] = _Builder.error
    return table


# Once for all: a builder is made for every statement.
_DISPATCH = _dispatch_table()
