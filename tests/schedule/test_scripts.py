"""Scripts and timelines become schedules; whatever is in them, they never become a crash."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playingage.schedule import Entry, Part, Plan, Scene, Schedule, ScheduleError, Shot
from playingage.schedule.fdx import parse_fdx
from playingage.schedule.fountain import parse_fountain
from playingage.schedule.merging import update
from playingage.schedule.script import Imported, import_script, parse_cast

SCRIPT = """Title:
    _**THE LONG YEAR**_
Author: Nobody

FADE IN:

INT. FARMHOUSE KITCHEN - DAY #1#

Margaret looks up. /* RICHARD is cut

RICHARD
gone */

MARGARET
You are late.

YOUNG RICHARD (17)
I know.

THE CLOCK STRIKES.

!LOUD
noise

.FLASHBACK: THE LAKE #2-A.1#

@McCLANE
Hello.

BRICK ^
(whispering)
Screw retirement.

ext. lake - night

RICHARD (V.O.)
It was a long year. [[check: ANNA
speaks]]

>CUT TO:

..not a heading

INTERIOR THOUGHTS
are dialogue

# PART TWO
= they drive

I/E CAR #2-A.1#
They drive.

RICHARD
Drive.

MARGARET (CONT'D)
I drive.

12
is not a name
"""


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_fountain_script(end: str) -> None:
    made = import_script(parse_fountain(SCRIPT.replace("\n", end)), {"Young  Richard": "tom", "RICHARD": "tom"})
    assert [(scene.id, scene.heading, scene.characters) for scene in made.schedule.listed] == [
        ("1", "INT. FARMHOUSE KITCHEN - DAY", ("MARGARET", "YOUNG RICHARD")),
        ("2-A.1", "FLASHBACK: THE LAKE", ("McCLANE", "BRICK")),
        ("2-A.1+1", "ext. lake - night", ("RICHARD", "INTERIOR THOUGHTS")),
        ("2-A.1/2", "I/E CAR", ("RICHARD", "MARGARET")),
    ]
    assert [(entry.scene, entry.performer, entry.plan) for entry in made.schedule.entries] == [
        (scene, "tom", None) for scene in ("1", "2-A.1+1", "2-A.1/2")]
    told = "\n".join(made.remarks)
    assert "YOUNG RICHARD: the name says 17 in scene 1; it was not taken as an age" in told
    assert "2-A.1 (now 2-A.1/2)" in told
    assert "without a number: now 2-A.1+1" in told
    assert "nobody is named who plays MARGARET, McCLANE, BRICK, INTERIOR THOUGHTS" in told


def test_a_script_without_numbers_and_title_page_is_numbered_in_order() -> None:
    made = import_script(parse_fountain("FADE IN:\n\nINT. A\n\nANN\nHi.\n\nEXT. B\n\nANN\nHo.\n"),
                         {"ANN": "ada", "BEN": "ben"})
    assert [scene.id for scene in made.schedule.listed] == ["1", "2"]
    assert made.remarks == ("the script has no scene numbers: scenes are numbered in their order",
                            "BEN, played by ben, speaks in no scene")


FDX = """<?xml version="1.0" encoding="UTF-8" standalone="no" ?>
<FinalDraft DocumentType="Script" Template="No" Version="5">
  <Content>
    <Paragraph Type="Character"><Text>NOBODY YET</Text></Paragraph>
    <Paragraph Number="12A" Type="Scene Heading">
      <SceneProperties Length="1/8" Page="1" Title=""><Summary>
        <Paragraph Type="Character"><Text>NOT ME</Text></Paragraph></Summary></SceneProperties>
      <Text>INT. </Text><Text Style="Bold">KITCHEN &amp; HALL</Text>
    </Paragraph>
    <Paragraph Type="Action"><Text>Rain.</Text></Paragraph>
    <Paragraph Type="Character"><Text>Margaret </Text><Text>(CONT'D)</Text></Paragraph>
    <Paragraph Type="Dialogue"><Text>Late.</Text></Paragraph>
    <Paragraph><DualDialogue>
      <Paragraph Type="Character"><Text>RICHARD, 17</Text></Paragraph>
      <Paragraph Type="Dialogue"><Text>No.</Text></Paragraph>
      <Paragraph Type="Character"><Text>ANNA</Text></Paragraph>
    </DualDialogue></Paragraph>
    <Paragraph Number="13" Type="Scene Heading"><Text>OMITTED</Text></Paragraph>
  </Content>
  <TitlePage><Content><Paragraph Type="Scene Heading"><Text>INT. TITLE</Text></Paragraph></Content></TitlePage>
</FinalDraft>
"""


def test_a_final_draft_script() -> None:
    made = import_script(parse_fdx(FDX.encode(), "a.fdx"), {"MARGARET": "robin"})
    assert [(scene.id, scene.heading, scene.characters) for scene in made.schedule.listed] == [
        ("12A", "INT. KITCHEN & HALL", ("Margaret", "RICHARD, 17", "ANNA")), ("13", "OMITTED", ())]
    assert "RICHARD, 17: the name says 17 in scene 12A; it was not taken as an age" in made.remarks


BOMB = ('<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
        "<FinalDraft><Content><Paragraph Type='Scene Heading'><Text>&b;</Text></Paragraph></Content></FinalDraft>")


@pytest.mark.parametrize(("data", "words"), [
    (BOMB.encode(), "declares entities"),
    (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><FinalDraft/>', "declares entities"),
    (b"<FinalDraft>\n<Content>\n", "line 3: is not XML"), (b"<a/>", "begins with <a>"), (b"", "is not XML"),
    (b'<?xml version="1.0" encoding="nonsense"?><a/>', "is not XML"),
])
def test_xml_that_is_no_script_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(ScheduleError, match=words):
        parse_fdx(data, "a.fdx")


PIECES = st.sampled_from(["INT. A\n", "\n", "ANN\n", ".B\n", "/*", "*/", "[[", "]]", "#1#", "@x\n", "(17)", ": ",
                          "Title:", "^", "\t", "EXT. Ö #*#\n", "é", "ANN, 17\n", "\x00", "\x85", ";"])


@settings(max_examples=100, deadline=None)
@given(st.one_of(st.text(), st.lists(PIECES | st.text(max_size=5), max_size=30).map("".join)))
def test_any_text_is_a_script(text: str) -> None:
    made = import_script(parse_fountain(text), {"ANN": "ada"})
    assert {entry.performer for entry in made.schedule.entries} <= {"ada"}


@settings(max_examples=60, deadline=None)
@given(st.integers(0), st.binary(max_size=4), st.integers(0, 6))
def test_a_damaged_final_draft_script_is_read_or_refused(place: int, data: bytes, cut: int) -> None:
    whole = FDX.encode()
    place %= len(whole)
    try:
        import_script(parse_fdx(whole[:place] + data + whole[place + cut :], "a.fdx"), {"ANN": "ada"})
    except ScheduleError as error:
        assert error.what.startswith("a.fdx")


def test_a_long_hostile_text_takes_no_time() -> None:
    for text in ("[[" * 50000, "/*" * 50000, "(" * 50000 + "\nA", "A" * 200000, "Title:" * 30000, "\n(1" * 30000):
        import_script(parse_fountain("INT. A\n\n" + text), {})


def test_who_plays_whom() -> None:
    assert parse_cast(["YOUNG  RICHARD=tom", "A=B=ada"]) == {"YOUNG RICHARD": "tom", "A=B": "ada"}
    for wrong in (["tom"], ["=tom"], ["ANN=ada", "ann=ben"]):
        with pytest.raises(Exception, match=r"named twice|no character"):
            parse_cast(wrong)


def test_a_revised_script_keeps_ages_shots_and_notes() -> None:
    old = Schedule(
        listed=(Scene(id="1", heading="OLD", note="rain", details=(Shot(id="A", note="crane"),)), Scene(id="2")),
        cast=(Part(character="ANN", performer="ada"),),
        entries=tuple(Entry(performer="ada", scene=scene, plan=Plan.of(17)) for scene in ("1", "2")),
    )
    new = import_script(parse_fountain("INT. A #1#\n\nANN\nHi.\n\nINT. B #3#\n\nANN\nHo.\n"), {"ANN": "eve"})
    made = update(old, new)
    assert [(scene.id, scene.heading, scene.note, scene.shots) for scene in made.schedule.listed] == [
        ("1", "INT. A", "rain", ("A",)), ("3", "INT. B", "", ())]
    assert [(each.scene, each.performer, each.plan is None) for each in made.schedule.entries] == [
        ("1", "ada", False), ("2", "ada", False), ("1", "eve", True), ("3", "eve", True)]
    assert "in no list now: 2" in made.remarks[-1]
    cut = Imported(schedule=Schedule(listed=(Scene(id="1", details=(Shot(id="A", frames=9), Shot(id="B", frames=2)),),
                                             Scene(id="9"))))
    both = update(made.schedule, cut).schedule
    assert [scene.id for scene in both.listed] == ["1", "3", "9"]
    assert [(shot.id, shot.frames, shot.note) for shot in both.listed[0].details] == [("A", 9, "crane"), ("B", 2, "")]
    assert both.listed[0].characters == ("ANN",)


def test_rates_are_read_exactly() -> None:
    assert Shot(id="A", rate=Fraction(24000, 1001), start="10:00:00:23").rate == Fraction(24000, 1001)
