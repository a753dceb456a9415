"""Minimal edits: what each rule makes of a sentence, by hand; what is left alone; what is held out; bad files."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from bertsim.errors import DataError, InputError
from bertsim.measuring import edits as package
from bertsim.measuring.edits import KINDS, Edit, make_edits, take_evenly
from bertsim.measuring.edits.antonyms import EVERYDAY, Antonyms, is_held_out_pair, read_antonyms

HEADER = "sentence1\tsentence2\tpos\tsense1\tsense2\n"
MANY = [
    "The dog bit the man.",
    "He does not like tea.",
    "Tom likes to swim every day.",
    "My old car was very dirty.",
    "Three dogs are sleeping on a big red sofa.",
    "All the students passed the exam yesterday.",
    "Tom gave the book to Mary because she asked.",
    "A man is riding a horse in the park.",
    "the cat is sitting on the table",
    "We leave at five.",
    "The soup is hot today.",
]


def edits(kind: str, sentence: str, antonyms: Antonyms | None = None) -> set[Edit]:
    """Every edit that thirty seeds make of a sentence."""
    return {edit for seed in range(30) for edit in make_edits(kind, [sentence], seed=seed, antonyms=antonyms)}


@pytest.mark.parametrize(
    ("kind", "premise", "hypothesis", "label"),
    [
        ("negation", "He likes tea with milk.", "He does not like tea with milk.", "contradiction"),
        ("negation", "The man is asleep.", "The man isn't asleep.", "contradiction"),
        ("negation", "Tom has eaten the cake.", "Tom has not eaten the cake.", "contradiction"),
        ("negation", "She has a big car.", "She does not have a big car.", "contradiction"),
        ("negation", "You can swim here.", "You cannot swim here.", "contradiction"),
        ("negation", "There is a cat outside.", "There is no cat outside.", "contradiction"),
        ("negation", "Tom didn't see Mary.", "Tom saw Mary.", "contradiction"),
        ("negation", "She has never been here.", "She has been here.", "contradiction"),
        ("negation", "Nobody likes the teacher.", "Everybody likes the teacher.", "contradiction"),
        ("negation", "He has no money.", "He has some money.", "contradiction"),
        ("negation", "He has no money.", "He does not have any money.", "entailment"),
        ("negation", "It isn't my car.", "It is not my car.", "entailment"),
        ("negation", "He's a tall man.", "He is not a tall man.", "contradiction"),
        ("negation", "The man is not here.", "It is false that the man is here.", "entailment"),
        ("negation", "I like this song.", "It is true that I like this song.", "entailment"),
        ("antonym", "The soup is hot.", "The soup is cold.", "contradiction"),
        ("antonym", "The soup is hot.", "The soup is not cold.", "entailment"),
        ("antonym", "An old man is sitting there.", "A young man is sitting there.", "contradiction"),
        ("antonym", "She hates this song.", "She loves this song.", "contradiction"),
        ("antonym", "Tom walked very slowly.", "Tom walked very slowly.", ""),
        ("antonym", "The boy walked slowly.", "The boy walked quickly.", "contradiction"),
        ("number", "Two dogs are playing.", "2 dogs are playing.", "entailment"),
        ("number", "Two dogs are playing.", "Four dogs are playing.", "contradiction"),
        ("number", "Tom has 5 cats.", "Tom has at least 4 cats.", "entailment"),
        ("number", "Tom has at least 4 cats.", "Tom has 5 cats.", "neutral"),
        ("number", "We leave at five.", "We leave at 5 o'clock.", "entailment"),
        ("number", "We leave at five.", "We leave at 7:00.", "contradiction"),
        ("quantifier", "All the boys are tall.", "Some of the boys are tall.", "entailment"),
        ("quantifier", "Some of the boys are tall.", "All the boys are tall.", "neutral"),
        ("quantifier", "All the boys are tall.", "None of the boys are tall.", "contradiction"),
        ("quantifier", "Everybody likes the teacher.", "Nobody likes the teacher.", "contradiction"),
        ("quantifier", "He always takes the bus.", "He sometimes takes the bus.", "entailment"),
        ("role", "The dog bit the man.", "The man bit the dog.", "neutral"),
        ("role", "He helped me yesterday.", "I helped him yesterday.", "neutral"),
        ("role", "The cat is on the table.", "The table is on the cat.", "contradiction"),
        ("role", "A cat is next to a dog.", "A dog is next to a cat.", "entailment"),
        ("role", "We flew from Boston to Chicago.", "We flew from Chicago to Boston.", "contradiction"),
        ("modifier", "A red car stopped there.", "A car stopped there.", "entailment"),
        ("modifier", "A car stopped there.", "A red car stopped there.", "neutral"),
        ("modifier", "This is a very old house.", "This is an old house.", "entailment"),
        ("modifier", "I met him at the station.", "I met him.", "entailment"),
        ("voice", "The dog bit the man.", "The man was bitten by the dog.", "entailment"),
        ("voice", "The man was bitten by the dog.", "The dog bit the man.", "entailment"),
        ("voice", "The dog bit the man.", "The dog was bitten by the man.", "neutral"),
        ("voice", "The dog bit the man.", "The man was bitten.", "entailment"),
        ("voice", "The man was bitten.", "The dog bit the man.", "neutral"),
        ("voice", "The dog bit the man.", "The man was not bitten by the dog.", "contradiction"),
        ("voice", "He is reading the books.", "The books are being read by him.", "entailment"),
        ("voice", "Tom will help me.", "I will be helped by Tom.", "entailment"),
        ("paraphrase", "I bought a new bike.", "I purchased a new bike.", "entailment"),
        ("paraphrase", "I bought a new bike.", "I did not purchase a new bike.", "contradiction"),
        ("paraphrase", "He ignored the red light.", "He paid no attention to the red light.", "entailment"),
        ("paraphrase", "He ignored the red light.", "He paid attention to the red light.", "contradiction"),
        ("paraphrase", "Tom can't come today.", "Tom is unable to come today.", "entailment"),
        ("paraphrase", "It is dangerous to swim here.", "Swimming here is dangerous.", "entailment"),
        ("paraphrase", "I met him yesterday.", "Yesterday, I met him.", "entailment"),
        ("paraphrase", "Tom broke the window.", "It was Tom who broke the window.", "entailment"),
        ("paraphrase", "She gave the book to Tom.", "She gave Tom the book.", "entailment"),
        ("paraphrase", "He is too tired to walk.", "He is so tired that he cannot walk.", "entailment"),
        ("paraphrase", "I think she is right.", "I think that she is right.", "entailment"),
        ("paraphrase", "There is a dog in the garden.", "A dog is in the garden.", "entailment"),
        ("paraphrase", "She failed to come back.", "She did not come back.", "entailment"),
        ("paraphrase", "The box is not empty.", "The box is not empty.", ""),
        ("paraphrase", "Is the movie really good?", "Is the film really good?", "entailment"),
    ],
)  # fmt: skip
def test_a_sentence_is_edited_by_rule(kind: str, premise: str, hypothesis: str, label: str) -> None:
    made = edits(kind, premise) | edits(kind, hypothesis)
    assert {edit.label for edit in made if (edit.premise, edit.hypothesis) == (premise, hypothesis)} == ({label} - {""})


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("negation", "Some dogs are black."),  # and some are not
        ("negation", "I have some money left."),
        ("negation", "Is Tom at home?"),
        ("negation", "The bike parked outside fell."),  # a participle
        ("antonym", "I want a cold drink."),  # and perhaps a hot one
        ("antonym", "The film is not good."),
        ("number", "About two people came."),
        ("number", "He was born at 10:45."),
        ("quantifier", "If everybody comes we start."),
        ("role", "The dog is an animal."),
        ("modifier", "Every red car stopped there."),  # then not every car did
        ("modifier", "She put the book on the table."),
        ("voice", "The man left the house early."),
        ("paraphrase", "You don't have to go."),  # "must" would say another thing
        *((kind, 'He said, "Do come in."') for kind in KINDS),
        *((kind, "Too short.") for kind in KINDS),
        *((kind, "the dog and " * 10 + "bit the man") for kind in KINDS),
    ],
)
def test_a_sentence_that_no_rule_is_sure_of_is_left_alone(kind: str, sentence: str) -> None:
    assert edits(kind, sentence) == set()


def test_names_are_drawn_anew_and_change_places() -> None:
    made = edits("role", "Tom kissed Mary yesterday.")
    assert len(made) > 10
    for edit in made:
        first, verb, second, when = edit.premise.split()
        assert edit == Edit(edit.premise, f"{second} {verb} {first} {when}", "neutral")
    assert {edit.label for edit in edits("role", "Tom married Mary yesterday.")} == {"entailment"}
    assert {edit.label for edit in edits("role", "Tom and Mary are here.")} == {"entailment"}
    assert {edit.label for edit in edits("role", "Tom is taller than Mary.")} == {"contradiction"}


def test_lower_case_stays_lower_case() -> None:
    sentence = "the cat is sitting on the table"
    assert all(edit.premise.islower() and edit.hypothesis.islower() for kind in KINDS for edit in edits(kind, sentence))


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_made_of_a_sentence_depends_on_it_and_the_seed_alone(kind: str) -> None:
    made = list(make_edits(kind, MANY))
    assert made == list(make_edits(kind, MANY))
    assert made == [edit for sentence in MANY for edit in make_edits(kind, [sentence])]
    assert {edit for edit in made if edit.premise == edit.hypothesis} == set()


@pytest.mark.parametrize("kind", KINDS)
def test_no_kind_has_one_label_alone(kind: str) -> None:
    labels = {edit.label for sentence in MANY for edit in edits(kind, sentence)}
    assert labels <= {"entailment", "neutral", "contradiction"}
    assert len(labels) > 1


def test_a_sentence_gives_at_most_one_edit_a_label() -> None:
    for kind in KINDS:
        labels = [edit.label for edit in make_edits(kind, [MANY[0]])]
        assert len(labels) == len(set(labels))


def test_a_rare_label_is_not_drowned_by_the_others() -> None:
    edits = [Edit(str(i), "x", "entailment" if i in (1, 9) else "contradiction") for i in range(40)]
    found = take_evenly(edits, 4)
    assert [edit.premise for edit in found] == ["0", "1", "2", "9"]
    assert len(take_evenly(edits, 30)) == 30  # where there are too few, the others fill up
    assert len(take_evenly(edits[:3], 2)) == 2


def test_the_wheel_has_the_words() -> None:
    folder = Path(package.__file__).parent
    project = tomllib.loads((folder.parents[2] / "pyproject.toml").read_text())
    declared = project["tool"]["setuptools"]["package-data"]["bertsim.measuring.edits"]
    assert declared == [path.name for path in folder.glob("*.toml")]


def test_an_unknown_kind_is_named() -> None:
    with pytest.raises(InputError, match="There is no kind of edit 'rhyme'; use one of negation, antonym, "):
        make_edits("rhyme", [])


def test_held_out_opposites_are_never_seen() -> None:
    seen, held_out = EVERYDAY.seen(), EVERYDAY.held_out()
    assert set(seen.pairs) | set(held_out.pairs) == set(EVERYDAY.pairs)
    assert not set(seen.pairs) & set(held_out.pairs)
    assert len(EVERYDAY.pairs) / 10 < len(held_out.pairs) < len(EVERYDAY.pairs) / 3
    assert all(is_held_out_pair(a, b) == is_held_out_pair(b, a) for a, b, _ in EVERYDAY.pairs)
    first, second, _ = next(pair for pair in held_out.pairs if pair[2] == "a")
    sentence, other = f"The thing is {first}.", f"The thing is {second}."
    assert other in {edit.hypothesis for edit in edits("antonym", sentence, held_out)}
    assert other not in {edit.hypothesis for edit in edits("antonym", sentence, seen)}


def test_opposites_are_read_where_both_words_have_their_first_sense(tmp_path: Path) -> None:
    path = tmp_path / "opposites.tsv"
    path.write_text(
        HEADER + "lock\tunlock\tv\t1\t1\nabduct\tadduct\tv\t2\t1\nleft\tright\ta\t1\t1\nno-one\tall\tn\t1\t1\n"
    )
    read = read_antonyms(path)
    assert set(read.pairs) - set(EVERYDAY.pairs) == {("lock", "unlock", "v")}
    made = make_edits("antonym", ["He locked the door."], antonyms=read)
    assert next(made).label == "contradiction"
    assert {word for word, _, _ in Antonyms(read.pairs).held_out().pairs} <= {word for word, _, _ in read.pairs}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sentence1\tsentence2\nhot\tcold\n", "has no column 'pos'; a file of opposites needs pos, sense1, sense2."),
        (HEADER + "hot\tcold\ta\tone\t1\n", ":2: pos must be one of a, n, r, v, and sense1 and sense2 whole numbers"),
        (HEADER + "hot\tcold\tx\t1\t1\n", "not 'x', '1' and '1'; mend the row."),
        (HEADER + "hot\t\ta\t1\t1\n", ":2: 'sentence2' is empty; mend the row."),
        (HEADER + "hot\tcold\n", ":2: the row has 2 fields, and the header names 5; mend the row."),
        ("", "is empty; its first line must name the columns."),
        (None, "does not exist"),
    ],
)
def test_a_bad_file_of_opposites_is_named(tmp_path: Path, text: str | None, message: str) -> None:
    path = tmp_path / "opposites.tsv"
    if text is not None:
        path.write_text(text)
    with pytest.raises(DataError) as raised:
        read_antonyms(path)
    assert str(path) in str(raised.value)
    assert message in str(raised.value)
