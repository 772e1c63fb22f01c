"""Links lead somewhere: those inside the project are followed, those that leave it are looked at."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import unquote, urlsplit

import pytest

from tests.docs.pages import ROOT

_FENCE: Final = re.compile(r"^(`{3,}|~{3,}).*?^\1\s*$", re.MULTILINE | re.DOTALL)
_CODE: Final = re.compile(r"`[^`\n]*`")
_LINK: Final = re.compile(r"\[(?:[^\[\]]|\[[^\]]*\])*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
_BARE: Final = re.compile(r"<(https?://[^>\s]+)>")
_HEADING: Final = re.compile(r"^#{1,6}\s+(.*?)\s*#*$", re.MULTILINE)


class Link(NamedTuple):
    """A link of a page."""

    page: Path
    target: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}: {self.target}"


def pages() -> list[Path]:
    written = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [page for page in written if "_build" not in page.parts]


def prose(page: Path) -> str:
    """A page without its code."""
    return _CODE.sub("", _FENCE.sub("", page.read_text(encoding="utf-8")))


def links() -> list[Link]:
    return [
        Link(page, target)
        for page in pages()
        for target in (*_LINK.findall(prose(page)), *_BARE.findall(prose(page)))
    ]


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as code hosts make them."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    slugs = [
        re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower()).replace(" ", "-")
        for heading in _HEADING.findall(text)
    ]
    seen: Counter[str] = Counter()
    found = set()
    for slug in slugs:
        found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return found


def is_outside(link: Link) -> bool:
    return bool(urlsplit(link.target).scheme)


@pytest.mark.parametrize("link", [link for link in links() if not is_outside(link)], ids=str)
def test_a_link_inside_leads_to_a_file_and_a_heading(link: Link) -> None:
    path, _, anchor = link.target.partition("#")
    target = (link.page.parent / unquote(path)).resolve() if path else link.page
    assert target.is_relative_to(ROOT), "it leads out of the project"
    assert target.exists(), f"there is no {target.relative_to(ROOT)}"
    if anchor:
        assert anchor in anchors(target), f"{target.name} has no such heading: {sorted(anchors(target))}"


@pytest.mark.parametrize("link", [link for link in links() if is_outside(link)], ids=str)
def test_a_link_outside_is_well_formed_and_encrypted(link: Link) -> None:
    parts = urlsplit(link.target)
    assert parts.scheme == "https"
    assert re.fullmatch(r"([\w-]+\.)+[a-z]{2,}", parts.hostname or "")
    assert parts.username is None
    assert link.target.isascii()


def test_there_are_links_of_both_kinds() -> None:
    assert {is_outside(link) for link in links()} == {True, False}
