"""The bodies of the report's parts, but for the pictures of people."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from playingage.review.evaluation import plots
from playingage.review.evaluation.markup import mean, number, plot, slope, table, years
from playingage.review.evaluation.markup import plots as beside
from playingage.review.evaluation.stills import Stills
from playingage.review.evaluation.summary import SIDES
from playingage.review.evaluation.truth import NOTHING, Truth


def stills_html(stills: Stills, requests: Sequence[Mapping[str, Any]], slopes: Mapping[str, Any]) -> str:
    """Asked against judged, and what became of person, landmarks and skin."""
    drawn = [plot(plots.asked_and_judged(stills), "Each point is a person. The shaded room passes.")]
    if stills.judged:
        caption = "Identity distance; on top the share that is recognised. Shaded: somebody else."
        drawn.append(plot(plots.identity(stills), caption))
    drawn += [
        plot(plots.landmarks(stills), "Eyes and mouth have to stay: expression, gaze and speech. Means ± 2 errors."),
        plot(plots.sharpness(stills), "Fine skin detail: a blur lies far below 1, noise far above. Lines: medians."),
    ]
    lines = [(name, number(found["means"], ".2f"), slope(found["people"]), slope(found["through_zero"]),
              slope(found["read"])) for name in SIDES if (found := slopes[name])]
    heads = ["years moved, of the years asked", "line through the requests' means", "through all people",
             "through all people and nothing", "as the package itself reads"]
    return _unjudged(stills) + beside(*drawn) + table(heads, lines) + _requests(requests, judged=stills.judged)


def _unjudged(stills: Stills) -> str:
    if stills.judged:
        return ""
    why = escape(stills.unjudged or "the judge saw no face")
    return (f'<p class="notice">Nothing was judged: {why}. Ages as the package\'s own estimator reads them are weak '
            "evidence: it learned from the same pictures as the model.</p>")


def _requests(requests: Sequence[Mapping[str, Any]], *, judged: bool) -> str:
    rows = []
    for entry in requests:
        own, seen = entry["own"], entry["judged"] or {}
        skin, eyes, mouth = (seen.get(key) or own[key] for key in ("sharpness", "eyes", "mouth"))
        rows.append((
            years(entry["shift"]), str(entry["people"]), mean(seen.get("shift"), "+.1f", error=True),
            number(seen.get("share"), ".0%"), number(seen.get("coarse_share"), ".2f"),
            number(seen.get("recognised"), ".0%"), mean(seen.get("identity"), ".2f"), mean(eyes, ".2f"),
            mean(mouth, ".2f"), "" if skin is None else f"{skin.median:.2f} ({skin.p05:.2f}–{skin.p95:.2f})",
            mean(own["read_shift"], "+.1f"), mean(own["changed"], ".2f"), mean(own["outside_mean"], ".2f"),
            f"{own['milliseconds'].median:.0f}",
        ))
    heads = ["asked", "people", "judged", "of asked", "coarse", "recognised", "identity", "eyes %", "mouth %",
             "sharpness", "read", "changed", "outside", "ms"]
    whose = "the judge's" if judged else "our own"
    return table(heads, rows) + (
        f'<p class="quiet">Eyes, mouth and sharpness are {whose}; sharpness: median (5 to 95 %). Coarse: share of the '
        "shift that shows in shape and shade. Read: years as the package's own estimator sees them. Changed: mean in "
        "the face, outside: mean outside the head, of 255. ms: one call for one face, median.</p>"
    )


def groups_html(entries: Sequence[Mapping[str, Any]], *, judged: bool) -> str:
    """How each group fares."""
    rows = []
    for entry in entries:
        moved = entry["moved" if judged else "read"]
        rows.append((
            escape(entry["by"]), escape(entry["group"]), str(entry["people"]), *(slope(moved[name]) for name in SIDES),
            number(entry["recognised"], ".0%"), mean(entry["identity"], ".2f"), mean(entry["eyes"], ".2f"),
            mean(entry["mouth"], ".2f"),
            *("" if (seen := entry["sharpness"][name]) is None else f"{seen.median:.2f}" for name in SIDES),
            mean(entry["zero_changed"], ".2f"),
        ))
    heads = ["by", "group", "people", "older, of asked", "younger, of asked", "recognised", "identity", "eyes %",
             "mouth %", "sharpness older", "younger", "request 0"]
    how = "judged" if judged else "read by the package's own estimator"
    return (
        f"<p>How far the age moves, of what was asked, as {how}: slope through nothing ± standard error. With few "
        "people in a group the error is as large as any difference. Skin tone is as the list says it, else thirds of "
        "the people by the individual typology angle of their cheeks, as the picture shows them: light and exposure "
        "move it much.</p>"
        + plot(plots.groups(entries, judged=judged), "In brackets: people. Dashed: exactly what was asked.", alone=True)
        + table(heads, rows, words=2)
    )


def truth_html(truth: Truth, figures: Mapping[str, Any]) -> str:
    """Error of the model, of nothing and of the baselines; a row for each request."""
    others = [way for way in truth.ways if way != NOTHING]
    heads = ["years", "pictures", f"{NOTHING}: RMS", "mean",
             *(head for way in others for head in (f"{way}: RMS", "mean", "better than nothing"))]
    rows = []
    for part in figures["parts"]:
        nothing = part["ways"][NOTHING]
        cells = [part["years"], str(part["cases"]), f"{nothing['face_rms']:.1f}", f"{nothing['face_mean']:.1f}"]
        for way in others:
            found = part["ways"][way]
            cells += [f"{found['face_rms']:.1f} (× {found['face_rms_of_nothing']:.2f})",
                      f"{found['face_mean']:.1f} (× {found['face_mean_of_nothing']:.2f})",
                      f"{found['better_than_nothing']:.0%}"]
        rows.append(cells)
    return (
        "<p>The same made-up person in the same shot is known at both ages, to the pixel. Errors are in 8-bit levels, "
        "in the face where skin is seen; in brackets: of doing nothing. How this one person ages is chance: 0 is out "
        "of reach.</p>"
        + plot(plots.against_truth(truth), "Each point is a picture, each line the mean of a request.", alone=True)
        + table(heads, rows)
    )
