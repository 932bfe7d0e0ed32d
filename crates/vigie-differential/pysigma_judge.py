"""What pySigma makes of generated rules, beside what Vigie said of them. Reads the lines of `vigie-differential pysigma`.

pySigma parses the rule, applies its modifiers and builds the condition; this file only compares the values that come
out with texts, in the plainest way. Run by hand: pip install pysigma.
"""

import collections
import datetime
import ipaddress
import json
import re
import sys

from sigma.collection import SigmaCollection
from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionNOT,
    ConditionOR,
    ConditionValueExpression,
)
from sigma.exceptions import SigmaError
from sigma.types import (
    SigmaBool,
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaExpansion,
    SigmaFieldReference,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaString,
    SigmaTimestampPart,
    SpecialChars,
)


def fold(text):
    return "".join(c.lower() for c in text)


def string_holds(value, text, anywhere):
    cased = isinstance(value, SigmaCasedString)
    wild = {SpecialChars.WILDCARD_MULTI: ".*", SpecialChars.WILDCARD_SINGLE: "."}
    parts = [wild[p] if p in wild else re.escape(p if cased else fold(p)) for p in value.s]
    search = re.search if anywhere else re.fullmatch
    return search("".join(parts), text if cased else fold(text), re.DOTALL) is not None


def number(text):
    try:
        return float(text) if re.match(r"\s*[-+.0-9]", text) else None
    except ValueError:
        return None


def network_holds(value, text):
    try:
        return ipaddress.ip_address(text) in value.network
    except ValueError:
        return False


def part_holds(value, text):
    try:
        time = datetime.datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    except ValueError:
        return False
    name = value.timestamp_part.name.lower()
    return (time.isocalendar()[1] if name == "week" else getattr(time, name)) == value.number


def reference_holds(value, text, event):
    other = event.get(value.field)
    if other is None or text is None:
        return False
    text, other = fold(text), fold(other)
    if value.starts_with and value.ends_with:
        return other in text
    if value.starts_with:
        return text.startswith(other)
    if value.ends_with:
        return text.endswith(other)
    return text == other


def value_holds(value, text, event, anywhere=False):
    if isinstance(value, SigmaExpansion):
        return any(value_holds(v, text, event, anywhere) for v in value.values)
    if isinstance(value, SigmaNull):
        return text is None
    if isinstance(value, SigmaExists):
        return (text is not None) == bool(value)
    if isinstance(value, SigmaFieldReference):
        return reference_holds(value, text, event)
    if text is None:
        return False
    if isinstance(value, SigmaString):
        return string_holds(value, text, anywhere)
    if isinstance(value, SigmaTimestampPart):  # a number too, for pySigma
        return part_holds(value, text)
    if isinstance(value, SigmaNumber):
        if anywhere:
            return str(value.number) in text
        return number(text) == float(value.number)
    if isinstance(value, SigmaBool):
        words = ("true", "1", "yes") if value.boolean else ("false", "0", "no")
        return text.lower() in words
    if isinstance(value, SigmaRegularExpression):
        flags = 0
        for flag in value.flags:
            flags |= getattr(re, flag.name)
        return re.search(str(value.regexp.original), text, flags) is not None
    if isinstance(value, SigmaCIDRExpression):
        return network_holds(value, text)
    if isinstance(value, SigmaCompareExpression):
        it, limit = number(text), float(value.number.number)
        ops = {"LT": float.__lt__, "LTE": float.__le__, "GT": float.__gt__, "GTE": float.__ge__}
        return it is not None and ops[value.op.name](it, limit)
    raise TypeError(type(value))


def holds(condition, event):
    if isinstance(condition, ConditionAND):
        return all(holds(arg, event) for arg in condition.args)
    if isinstance(condition, ConditionOR):
        return any(holds(arg, event) for arg in condition.args)
    if isinstance(condition, ConditionNOT):
        return not holds(condition.args[0], event)
    if isinstance(condition, ConditionFieldEqualsValueExpression):
        return value_holds(condition.value, event.get(condition.field), event)
    if isinstance(condition, ConditionValueExpression):
        return any(value_holds(condition.value, text, event, True) for text in event.values() if text is not None)
    raise TypeError(type(condition))


def main():
    count = collections.Counter()
    refused = collections.Counter()
    shown = 0
    for line in sys.stdin:
        case = json.loads(line)
        document = case["rule"].replace("logsource: {}", "logsource: {category: test}").replace("id: t\n", "")
        try:
            rule = SigmaCollection.from_yaml(document).rules[0]
            conditions = [condition.parsed for condition in rule.detection.parsed_condition]
        except SigmaError as error:
            refused[re.sub(r"['\"].*", "", str(error))[:90]] += 1
            continue
        for row, said in zip(case["rows"], case["said"]):
            event = dict(zip(case["columns"], row))
            theirs = any(holds(condition, event) for condition in conditions)
            count["same" if theirs == said else "differ"] += 1
            count["matches"] += theirs
            if theirs != said and shown < 12:
                shown += 1
                print(f"we say {said}, pySigma {theirs}\n{document}{json.dumps(event, ensure_ascii=False)}\n")
    print(dict(count))
    print("refused by pySigma:", dict(refused))


main()
