"""The tool `calculator`: arithmetic expressions with variables and functions.

`^` is a power and `&&`, `||`, `!` are logic, as well as `**`, `and`, `or`, `not`. Comparisons give 1 or 0.

Invariant: an expression is only numbers, names, operators and calls of the functions below; its length, its depth
and the size of every intermediate number are limited.
"""

import ast
import math
import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from ..values import Value
from .output import ToolError, ToolOutput, envelope
from .registry import Parameters, ToolContext

MAX_LENGTH = 10_000
MAX_INTEGER_BITS = 1024  # as far as a float reaches
MAX_FACTORIAL = 170
_INT64 = range(-(2**63), 2**63)

Number = int | float


def run(parameters: Parameters, _context: ToolContext) -> ToolOutput:
    operation = parameters["operation"]
    if operation == "functions":
        return envelope("functions", dict(_REFERENCE))
    text = parameters["input"]
    if operation == "validate":
        return envelope("validate", _validated(text))
    started = time.process_time()
    names = _names(parameters["variables"])
    result = _evaluate(_parse(text), names)
    used: Value = {"cpu_time_ms": (time.process_time() - started) * 1000}
    return envelope(
        "evaluate",
        {
            "input": text,
            "result": result,
            "result_type": "integer" if isinstance(result, int) else "float",
            "variables": parameters["variables"],
        },
        resource_usage=used,
    )


def _validated(text: str) -> dict[str, Value]:
    try:
        _parse(text)
    except ToolError as error:
        return {"input": text, "valid": False, "error": str(error)}
    return {"input": text, "valid": True}


def _names(variables: Mapping[str, Any]) -> dict[str, Number]:
    names: dict[str, Number] = dict(_CONSTANTS)
    for name, value in variables.items():
        if not name.isidentifier():
            raise ToolError(f"variable name '{name}' is not made of letters, digits and _", "invalid_parameters")
        if not isinstance(value, (int, float)):
            raise ToolError(f"variable '{name}': expected a number", "invalid_parameters")
        names[name] = value
    return names


def _parse(text: str) -> ast.Expression:
    """The expression's tree, with nothing in it but what may be evaluated. Raises ToolError."""
    if len(text) > MAX_LENGTH:
        raise ToolError(f"the expression is longer than {MAX_LENGTH} characters", "too_large")
    if not text.strip():
        raise ToolError("the expression is empty", "invalid_expression")
    translated = _TRANSLATION.sub(lambda found: _TRANSLATED[found.group()], text).strip()
    try:
        tree = ast.parse(translated, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else "too deeply nested"
        raise ToolError(f"'{_shortened(text)}' is not an expression: {reason}", "invalid_expression") from None
    for node in ast.walk(tree):
        _check(node)
    return tree


def _check(node: ast.AST) -> None:
    if not isinstance(node, _ALLOWED_NODES):
        raise ToolError(f"{_NODE_NAMES.get(type(node), 'this form')} cannot be used here", "invalid_expression")
    if isinstance(node, ast.Constant) and not isinstance(node.value, (int, float)):
        raise ToolError("only numbers can be used here, no text", "invalid_expression")
    if isinstance(node, ast.Call):
        if not isinstance(node.func, ast.Name) or node.keywords:
            raise ToolError("only the functions of the list can be called", "invalid_expression")
        if node.func.id not in _FUNCTIONS and node.func.id not in _CONSTANTS:
            raise ToolError(f"unknown function '{node.func.id}'{_hint(node.func.id)}", "unknown_function")


def _hint(name: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, _FUNCTIONS, n=1)
    return f"; did you mean '{near[0]}'?" if near else "; operation 'functions' lists them"


def _evaluate(tree: ast.Expression, names: dict[str, Number]) -> Number:
    from simpleeval import InvalidExpression, NameNotDefined, SimpleEval

    functions = {**_FUNCTIONS, **{name: (lambda value=value: value) for name, value in _CONSTANTS.items()}}
    evaluator = SimpleEval(operators=_OPERATORS, functions=functions, names=names)
    try:
        result = evaluator.eval("", previously_parsed=tree.body)
    except NameNotDefined as error:
        raise ToolError(
            f"unknown name '{error.name}'; give its value in the parameter 'variables'", "unknown_variable"
        ) from None
    except ZeroDivisionError:
        raise ToolError("division by zero", "division_by_zero") from None
    except OverflowError:
        raise ToolError("the result is too large for a number", "overflow") from None
    except RecursionError:
        raise ToolError("the expression is too deeply nested", "invalid_expression") from None
    except (ValueError, TypeError, InvalidExpression) as error:
        raise ToolError(str(error), "invalid_expression") from None
    if isinstance(result, bool):
        return int(result)
    if isinstance(result, int):
        return result if result in _INT64 else float(result)
    if isinstance(result, float):
        return result
    raise ToolError("the expression does not give one real number", "invalid_expression")


def _shortened(text: str) -> str:
    return text if len(text) <= 80 else text[:77] + "..."


def _power(base: Number, exponent: Number) -> Number:
    if isinstance(base, int) and isinstance(exponent, int):
        if exponent >= 0 and exponent * max(1, abs(base).bit_length()) <= MAX_INTEGER_BITS:
            return int(base**exponent)
        if abs(base) <= 1 and exponent >= 0:
            return int(base ** (exponent % 2 + 2))
    return math.pow(base, exponent)


def _product(left: Number, right: Number) -> Number:
    if isinstance(left, int) and isinstance(right, int):
        bits = left.bit_length() + right.bit_length()
        return left * right if bits <= MAX_INTEGER_BITS else float(left) * float(right)
    return left * right


def _factorial(value: Number) -> int:
    if value != int(value) or not 0 <= value <= MAX_FACTORIAL:
        raise ValueError(f"factorial needs an integer from 0 to {MAX_FACTORIAL}")
    return math.factorial(int(value))


def _logarithm(first: Number, second: Number | None = None) -> float:
    """log(x) is the decimal logarithm, log(base, x) the one to that base."""
    return math.log10(first) if second is None else math.log(second, first)


def _round(value: Number, digits: int = 0) -> Number:
    factor = 10.0 ** int(digits)
    rounded = math.copysign(math.floor(abs(value) * factor + 0.5) / factor, value)
    return int(rounded) if digits == 0 and math.isfinite(rounded) else rounded


def _sign(value: Number) -> int:
    return (value > 0) - (value < 0)


def _average(*values: Number) -> float:
    if not values:
        raise ValueError("avg needs at least one number")
    return sum(values) / len(values)


_CONSTANTS: dict[str, Number] = {"pi": math.pi, "e": math.e, "tau": math.tau}
_FUNCTIONS: dict[str, Callable[..., Number]] = {
    **{name: getattr(math, name) for name in ("sin", "cos", "tan", "asin", "acos", "atan", "atan2")},
    **{name: getattr(math, name) for name in ("sinh", "cosh", "tanh", "asinh", "acosh", "atanh")},
    **{name: getattr(math, name) for name in ("sqrt", "cbrt", "exp", "log2", "log10", "hypot", "degrees", "radians")},
    "ln": math.log,
    "log": _logarithm,
    "pow": _power,
    "factorial": _factorial,
    "abs": abs,
    "sign": _sign,
    "floor": math.floor,
    "ceil": math.ceil,
    "round": _round,
    "trunc": math.trunc,
    "int": math.trunc,
    "min": min,
    "max": max,
    "sum": lambda *values: sum(values),
    "avg": _average,
    "clamp": lambda value, low, high: max(low, min(high, value)),
}
_OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: lambda left, right: left + right,
    ast.Sub: lambda left, right: left - right,
    ast.Mult: _product,
    ast.Div: lambda left, right: left / right,
    ast.FloorDiv: lambda left, right: left // right,
    ast.Mod: lambda left, right: left % right,
    ast.Pow: _power,
    ast.UAdd: lambda value: +value,
    ast.USub: lambda value: -value,
    ast.Not: lambda value: not value,
    ast.Eq: lambda left, right: left == right,
    ast.NotEq: lambda left, right: left != right,
    ast.Lt: lambda left, right: left < right,
    ast.LtE: lambda left, right: left <= right,
    ast.Gt: lambda left, right: left > right,
    ast.GtE: lambda left, right: left >= right,
}
_ALLOWED_NODES = (
    *(ast.Expression, ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.Call, ast.Name, ast.Constant, ast.Load),
    *(ast.And, ast.Or),
    *_OPERATORS,
)
_NODE_NAMES: dict[type[ast.AST], str] = {
    ast.Attribute: "a field with a dot",
    ast.Subscript: "an index in brackets",
    ast.Lambda: "a function definition",
    ast.IfExp: "if … else",
    ast.List: "a list",
    ast.Set: "something in braces",
    ast.Dict: "something in braces",
    ast.Tuple: "a comma outside a call",
}
_TRANSLATED = {"^": "**", "&&": " and ", "||": " or ", "!": " not ", "\n": " ", "\r": " "}
_TRANSLATION = re.compile(r"\^|&&|\|\||!(?!=)|[\r\n]")
_REFERENCE: dict[str, Value] = {
    "arithmetic": ["+", "-", "*", "/", "//", "%", "^", "**"],
    "comparison": ["==", "!=", "<", "<=", ">", ">="],
    "logical": ["&&", "||", "!", "and", "or", "not"],
    "trigonometric": ["sin", "cos", "tan", "asin", "acos", "atan", "atan2", "degrees", "radians"],
    "hyperbolic": ["sinh", "cosh", "tanh", "asinh", "acosh", "atanh"],
    "mathematical": ["sqrt", "cbrt", "exp", "ln", "log", "log2", "log10", "pow", "hypot", "factorial"],
    "rounding": ["floor", "ceil", "round", "trunc", "int"],
    "constants": list(_CONSTANTS),
    "utility": ["abs", "sign", "min", "max", "sum", "avg", "clamp"],
    "examples": {
        "compound interest": "principal * (1 + rate / 100) ^ years",
        "hypotenuse": "sqrt(3^2 + 4^2)",
        "logarithm to a base": "log(2, 1024)",
    },
    "note": "log(x) is the decimal logarithm and ln(x) the natural one; comparisons give 1 or 0.",
}
