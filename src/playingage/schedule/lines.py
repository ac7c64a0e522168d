"""Where in a TOML text a field stands. Python's reader tells values only."""

import re

Path = tuple[str | int, ...]
_TOKEN = re.compile(
    r'"""(?:[^\\]|\\.)*?"""|\'\'\'.*?\'\'\'|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|#[^\n]*'
    r'|\n|[\[\]{}=]|[ \t\r]+|[^\s"\'#\[\]{}=]+|.',
    re.DOTALL,
)


class Places:
    """Lines (from 1) of tables and fields of a text that is TOML; of others, what can be made out."""

    def __init__(self, text: str) -> None:
        self._lines: dict[Path, int] = {(): 1}
        self._counts: dict[Path, int] = {}
        self._table: Path = ()
        statement: list[tuple[str, int]] = []
        line = begun = 1
        depth = 0
        for token in _TOKEN.findall(text):
            if token == "\n" and depth == 0:
                self._statement(statement, begun)
                statement = []
                begun = line + 1
            elif token[0] != "#" and not token.isspace():
                if not statement:
                    begun = line
                statement.append((token, line))
                depth = max(0, depth + (token in "[{") - (token in "]}"))
            line += token.count("\n")
        self._statement(statement, begun)

    def line(self, path: Path) -> int:
        """Of a field, or of what it would be in."""
        while path not in self._lines:
            path = path[:-1]
        return self._lines[path]

    def _statement(self, tokens: list[tuple[str, int]], line: int) -> None:
        if not tokens:
            return
        words = [token for token, _ in tokens]
        if words[0] == "[":
            self._header(words, line)
        elif "=" in words:
            at = (*self._table, *_names(words[: words.index("=")]))
            self._lines.setdefault(at, line)
            self._inside(tokens[words.index("=") + 1 :], at)

    def _header(self, words: list[str], line: int) -> None:
        names = _names([word for word in words if word not in "[]"])
        path: Path = ()
        for name in names[:-1]:
            path = (*path, name)
            if path in self._counts:
                path = (*path, self._counts[path] - 1)
        path = (*path, *names[-1:])
        if words[:2] == ["[", "["]:
            number = self._counts.get(path, 0)
            self._counts[path] = number + 1
            self._lines.setdefault(path, line)
            path = (*path, number)
        self._lines.setdefault(path, line)
        self._table = path

    def _inside(self, tokens: list[tuple[str, int]], at: Path) -> None:
        """Tables of a list that is written in place."""
        depth = number = 0
        for token, line in tokens:
            if token == "{" and depth == 1:
                self._lines.setdefault((*at, number), line)
                number += 1
            depth += (token in ("[", "{")) - (token in ("]", "}"))


def _names(words: list[str]) -> Path:
    found: list[str] = []
    for word in words:
        found += [word[1:-1]] if word[:1] in "\"'" else [part for part in word.split(".") if part]
    return tuple(found)
