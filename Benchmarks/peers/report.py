"""Writes the measured part of docs/performance.md: between two markers, so that the prose around it stays."""
import re

from figures import middle, number, ratio, spread, table

BEGIN, END = "<!-- make bench-peers: begin -->", "<!-- make bench-peers: end -->"
OURS = "Apus"


def replace_between(page, text):
    """`page` with everything between the markers replaced; raises ValueError when they are not there once, in order."""
    if page.count(BEGIN) != 1 or page.count(END) != 1 or page.index(BEGIN) > page.index(END):
        raise ValueError(f"the page needs one line {BEGIN} and after it one {END}")
    return page[: page.index(BEGIN) + len(BEGIN)] + "\n\n" + text.strip() + "\n\n" + page[page.index(END) :]


def closed_loop(results, model, protocol):
    """The table of one model over one protocol. `results`: {(server, model, protocol, callers): [Sample, ...]}."""
    callers = sorted({key[3] for key in results if key[1:3] == (model, protocol)})
    servers = list(dict.fromkeys(key[0] for key in results if key[1:3] == (model, protocol)))
    most = callers[-1]
    head = ["server", "1 caller: p50 µs"] + [f"CPU µs, {count} in flight" for count in callers]
    head += [f"× {OURS}, {most}", f"answers/s, {most}", f"p99 ms, {most}", "requests", "errors"]
    ours = middle([s.cpu for s in results.get((OURS, model, protocol, most), [])])
    rows = []
    for server in servers:
        samples = {count: results.get((server, model, protocol, count), []) for count in callers}
        everything = [sample for some in samples.values() for sample in some]
        rows.append(
            [server, spread([s.p50 for s in samples.get(1, [])])]
            + [spread([s.cpu for s in samples[count]]) for count in callers]
            + [
                ratio(middle([s.cpu for s in samples[most]]), ours),
                number(middle([s.rate for s in samples[most]])),
                number(middle([s.p99 / 1000 for s in samples[most]])),
                f"{sum(s.asked for s in everything):,}",
                f"{sum(s.bad for s in everything):,}",
            ]
        )
    return table(head, rows)


def ends(peer):
    """What became of a server that ended while it was measured, as a line; nothing for one that did not."""
    if not peer.ends:
        return ""
    times = "once" if len(peer.ends) == 1 else f"{len(peer.ends)} times"
    return (f"- {peer.title} ended by itself {times} while it was measured (status {peer.ends[0]}) and was started "
            "again; what it was asked then counts as errors.")


def foreign(samples, limit):
    """How much others used the machine, as a sentence."""
    if not samples:
        return ""
    over = sum(sample.foreign > limit for sample in samples)
    return (
        f"Other work used {middle([s.foreign for s in samples]):.0%} of the machine in the median sample, "
        f"{max(s.foreign for s in samples):.0%} at most; {over} of {len(samples)} samples were kept although it used "
        f"more than {limit:.0%} twice in a row. "
    )


def one_line(text):
    """For a cell of a table."""
    return re.sub(r"\s+", " ", text).replace("|", "/").strip()
