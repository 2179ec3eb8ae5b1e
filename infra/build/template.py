"""Puts the files of infra/stack together into the one template that `chalice package` merges into its own.

It is written as JSON: from YAML, Chalice would carry anchors and aliases over, which CloudFormation does not take.
"""

from pathlib import Path
from typing import Any

import yaml

STACK = Path(__file__).parent.parent / 'stack'


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short tags, which become its long form."""


def _tag(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
        if suffix == 'GetAtt':
            value = value.split('.', 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    elif isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    else:
        raise TypeError(f'!{suffix} of {node}')
    return {suffix if suffix in ('Ref', 'Condition') else f'Fn::{suffix}': value}


_Loader.add_multi_constructor('!', _tag)


def assemble() -> dict[str, dict[str, Any]]:
    whole: dict[str, dict[str, Any]] = {}
    for path in sorted(STACK.glob('*.yaml')):
        for section, entries in yaml.load(path.read_text(), _Loader).items():  # noqa: S506 - a SafeLoader
            there = whole.setdefault(section, {})
            if twice := there.keys() & entries.keys():
                raise ValueError(f'{path.name} defines {", ".join(sorted(twice))} of {section} again')
            there.update(entries)
    return whole
