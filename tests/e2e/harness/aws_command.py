"""`aws dynamodb …` command lines as API parameters, by botocore's own description of the API.

No shell and no AWS CLI: shlex splits the line, the operation's input shape says what each
option holds. Values are JSON or the CLI's shorthand.
"""

import json
import shlex

import botocore.session
from botocore import xform_name
from botocore.validate import ParamValidator

MODEL = botocore.session.get_session().get_service_model("dynamodb")
OPERATIONS = {xform_name(name, "-"): name for name in MODEL.operation_names}


class Mistake(ValueError):
    """The command line is none that the AWS CLI would take."""


def check_parameters(operation, parameters):
    """Raises a Mistake where the parameters do not fit the operation's input shape."""
    report = ParamValidator().validate(parameters, MODEL.operation_model(operation).input_shape)
    if report.has_errors():
        raise Mistake(f"{operation}: {report.generate_report()}")
    return parameters


def parse(line):
    """(operation, parameters) of one command line."""
    words = shlex.split(line)
    if words[:2] != ["aws", "dynamodb"] or len(words) < 3 or words[2] not in OPERATIONS:
        raise Mistake(f"no command of aws dynamodb: {line}")
    operation = OPERATIONS[words[2]]
    members = {xform_name(name, "-"): (name, shape)
               for name, shape in MODEL.operation_model(operation).input_shape.members.items()}
    parameters, at = {}, 3
    while at < len(words):
        option = words[at].removeprefix("--")
        if option == words[at]:
            raise Mistake(f"an option was expected, not {words[at]!r}")
        name, value, at = _option(members, option, words, at + 1)
        if name in parameters:
            raise Mistake(f"--{option} is there twice")
        parameters[name] = value
    return operation, check_parameters(operation, parameters)


def _option(members, option, words, at):
    """The parameter that the option stands for, its value, and where the next option is."""
    plain = option.removeprefix("no-")
    if plain in members and members[plain][1].type_name == "boolean":
        return members[plain][0], plain == option, at
    if option not in members:
        raise Mistake(f"unknown option --{option}")
    if at >= len(words):
        raise Mistake(f"--{option} wants a value")
    name, shape = members[option]
    return name, _value(words[at], shape), at + 1


def _value(text, shape):
    if text.startswith(("file://", "fileb://")):
        raise Mistake("a command of a model reads no files")
    if shape.type_name in ("map", "list", "structure"):
        return json.loads(text) if text[:1] in "{[" else _shorthand(text, shape)
    if shape.type_name in ("integer", "long"):
        return int(text)
    return text


def _shorthand(text, shape):
    """name=value,name={…},…: what the AWS CLI takes for one map or structure."""
    value, rest = _pairs(text)
    if rest:
        raise Mistake(f"shorthand ends before {rest!r}")
    return [value] if shape.type_name == "list" else value


def _pairs(text):
    pairs = {}
    while True:
        name, found, text = text.partition("=")
        if not found or not name:
            raise Mistake(f"shorthand wants name=value, not {name!r}")
        pairs[name], text = _shorthand_value(text)
        if not text.startswith(","):
            return pairs, text
        text = text[1:]


def _shorthand_value(text):
    if text.startswith("{"):
        inner, rest = _pairs(text[1:])
        if not rest.startswith("}"):
            raise Mistake("shorthand lacks a }")
        return inner, rest[1:]
    end = min((at for at in map(text.find, ",}]") if at >= 0), default=len(text))
    return text[:end], text[end:]
