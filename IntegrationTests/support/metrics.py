"""Reads Prometheus' text format, as strictly as its description is written."""

import re

_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"'
_SAMPLE = re.compile(rf"({_NAME})\{{((?:{_LABEL}(?:,{_LABEL})*)?)\}} (\S+)")
_TYPE = re.compile(rf"# TYPE ({_NAME}) (counter|gauge|histogram|untyped)")


class Page:
    """`samples` maps (name, ((label, value), ...)) to numbers, `types` names to types."""

    def __init__(self, text):
        assert text.endswith("\n")
        self.samples, self.types = {}, {}
        family = None
        for line in text[:-1].split("\n"):
            if found := _TYPE.fullmatch(line):
                family, kind = found.groups()
                assert family not in self.types, f"two families {family}"
                self.types[family] = kind
                continue
            found = _SAMPLE.fullmatch(line)
            assert found, f"not a line of the format: {line!r}"
            name, labels, value = found.groups()
            assert name.startswith(family), f"{name} is outside its family"
            key = (name, tuple((label, _plain(text)) for label, text in re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', labels)))
            assert key not in self.samples, f"{key} appears twice"
            self.samples[key] = float(value)
        assert list(self.types) == sorted(self.types)

    def __call__(self, name, **labels):
        """The number of a sample under a short name of TensorFlow Serving; 0 where there is none."""
        return self.samples.get((f":tensorflow:serving:{name}", tuple(labels.items())), 0)


def _plain(text):
    return re.sub(r"\\(.)", lambda found: {"n": "\n"}.get(found[1], found[1]), text)


def scrape(server, path="/metrics"):
    answer = server.get(path)
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "text/plain"
    return Page(answer.text)
