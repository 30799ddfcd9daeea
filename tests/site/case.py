# SPDX-License-Identifier: Apache-2.0
"""One line of the tables of cases."""

import dataclasses
from typing import Callable

from content import Content
from content import MIB

SMALL = Content(3 * MIB // 2 + 17)


@dataclasses.dataclass(frozen=True)
class Case:
    """`result` is a name of base/image_result.h, or None for an image that is not to be queued;
    `scheme` is a name of glance/signature_properties.h."""

    name: str
    result: str | None
    changes: tuple[Callable, ...]
    content: Content | None = SMALL
    big: float = 0  # if not 0: the content's length, in units of --big-mib
    scheme: str = 'none'
    needs: str | None = None  # a column of images, without which there is no such case


def case(name, result, *changes, **options):
    return Case(name, result, changes, **options)
