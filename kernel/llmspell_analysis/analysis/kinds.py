"""The node kinds and field numbers of the grammar that the analysis reads, by name."""

from llmspell_analysis.syntax.tree import field_id, kinds

IDENTIFIER = kinds("identifier")
STRING = kinds("string")
DOT_INDEX = kinds("dot_index_expression")
METHOD_INDEX = kinds("method_index_expression")
BRACKET_INDEX = kinds("bracket_index_expression")
INDEX = DOT_INDEX | METHOD_INDEX | BRACKET_INDEX
CALL = kinds("function_call")
PARENTHESIZED = kinds("parenthesized_expression")
TABLE = kinds("table_constructor")
COMMENT = kinds("comment")
BLOCK = kinds("block")
FUNCTION_DECLARATION = kinds("function_declaration")
FUNCTION_DEFINITION = kinds("function_definition")
FUNCTION = FUNCTION_DECLARATION | FUNCTION_DEFINITION
NUMBER = kinds("number")
BOOLEAN = kinds("true", "false")
NIL = kinds("nil")
VARIABLE_DECLARATION = kinds("variable_declaration")
ASSIGNMENT = kinds("assignment_statement")
VARIABLE_LIST = kinds("variable_list")
EXPRESSION_LIST = kinds("expression_list")
BINARY = kinds("binary_expression")
UNARY = kinds("unary_expression")
FOR = kinds("for_statement")
FOR_GENERIC = kinds("for_generic_clause")
FOR_NUMERIC = kinds("for_numeric_clause")
REPEAT = kinds("repeat_statement")
CONDITIONAL = kinds("if_statement", "elseif_statement", "while_statement")
RETURN = kinds("return_statement")
LABEL = kinds("label_statement")
GOTO = kinds("goto_statement")
PARAMETERS = kinds("parameters")
VARARG = kinds("vararg_expression")
ATTRIBUTE = kinds("attribute")
FIELD = kinds("field")
NOTHING = COMMENT | STRING | kinds("number", "nil", "true", "false", "hash_bang_line", "break_statement")
IF = kinds("if_statement")
ELSEIF = kinds("elseif_statement")
ELSE = kinds("else_statement")
WHILE = kinds("while_statement")
DO = kinds("do_statement")
BREAK = kinds("break_statement")
EMPTY = kinds("empty_statement")
ARGUMENTS = kinds("arguments")
LOCAL_KEYWORD = kinds("local")
STATEMENTS = (
    FUNCTION_DECLARATION
    | VARIABLE_DECLARATION
    | ASSIGNMENT
    | FOR
    | REPEAT
    | RETURN
    | LABEL
    | GOTO
    | IF
    | WHILE
    | DO
    | BREAK
)
# what stands between statements and says nothing
STATEMENTS_BESIDE = kinds("hash_bang_line", "empty_statement", ";")

BODY_FIELD = field_id("body")
CLAUSE_FIELD = field_id("clause")
CONDITION_FIELD = field_id("condition")
FIELD_FIELD = field_id("field")
LEFT_FIELD = field_id("left")
METHOD_FIELD = field_id("method")
NAME_FIELD = field_id("name")
OPERATOR_FIELD = field_id("operator")
PARAMETERS_FIELD = field_id("parameters")
RIGHT_FIELD = field_id("right")
TABLE_FIELD = field_id("table")
VALUE_FIELD = field_id("value")
