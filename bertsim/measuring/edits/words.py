"""Words that the rules of `edits` work with: verbs and their forms, names, opposites, phrases that mean the same.

What goes out: frozen sets, mappings and tuples of lower-case words. All of it is everyday English, written down by hand
for this project; rarer opposites are read from a file (`edits.read_antonyms`).
"""

from __future__ import annotations


def word_set(text: str) -> frozenset[str]:
    """The words of a text. Example: "of in on" -> {"of", "in", "on"}."""
    return frozenset(text.split())


def _listed(text: str, separator: str | None = None) -> list[str]:
    """What a text lists, in its order. Example: "of in on" -> ["of", "in", "on"]."""
    return [part.strip() for part in text.split(separator)]


VOWELS = frozenset("aeiou")
# Verbs whose last consonant is doubled before -ed and -ing.
_DOUBLED = word_set(
    """
    stop plan drop grab rob hug pat slip beg admit commit prefer refer regret permit rub trip shop step chop
    clap wrap nod stir ban tap pin hit cut put set let get sit run win begin forget swim dig shut spin occur
    fit pet jog control
    """
)
# Base, past, participle.
_IRREGULAR = """
beat beat beaten|become became become|begin began begun|bite bit bitten|blow blew blown|
break broke broken|bring brought brought|build built built|burn burned burned|buy bought bought|
catch caught caught|choose chose chosen|come came come|cost cost cost|cut cut cut|deal dealt dealt|
dig dug dug|do did done|draw drew drawn|drink drank drunk|drive drove driven|eat ate eaten|
fall fell fallen|feed fed fed|feel felt felt|fight fought fought|find found found|fly flew flown|
forget forgot forgotten|forgive forgave forgiven|freeze froze frozen|get got gotten|give gave given|
go went gone|grow grew grown|have had had|hear heard heard|hide hid hidden|hit hit hit|hold held held|
hurt hurt hurt|keep kept kept|know knew known|lead led led|leave left left|lend lent lent|let let let|
lose lost lost|make made made|mean meant meant|meet met met|pay paid paid|put put put|read read read|
ride rode ridden|ring rang rung|rise rose risen|run ran run|say said said|see saw seen|sell sold sold|
send sent sent|set set set|shake shook shaken|shoot shot shot|shut shut shut|sing sang sung|
sink sank sunk|sit sat sat|sleep slept slept|speak spoke spoken|spend spent spent|stand stood stood|
steal stole stolen|strike struck struck|swim swam swum|take took taken|teach taught taught|
tear tore torn|tell told told|think thought thought|throw threw thrown|understand understood understood|
wake woke woken|wear wore worn|win won won|write wrote written
"""
_REGULAR = """
accept accuse admire admit adopt advise agree allow amuse announce annoy answer apologize appear approach
arrest arrive ask attack attend avoid bake beg believe belong blame borrow bother bully call cancel carry
cause change chase check chop clean climb close collect complain congratulate consider consult contact
continue control cook copy correct count cover criticize cross cry dance deceive decide defeat defend
deliver deny deserve design destroy dial die disagree disappear discover discuss disturb divorce dream
dress drop earn elect embrace encourage end enjoy enter envy examine expect explain explore fail fear fill
finish fix follow fool frighten gather grab graduate greet guess handle happen hate help hire hope hug
hunt identify ignore imagine improve injure insult interrupt introduce invent invite join judge jump kick
kill kiss knock laugh learn lick lift like listen live lock look love manage marry mention miss mix move
murder need notice obey observe offer open order organize own paint pass perform permit persuade pick plan
plant play please point praise prefer prepare press print produce promise protect provide publish pull
punish push question raise reach realize receive recognize recommend refuse regret reject remain remember
remove rent repair repeat replace reply rescue respect return ruin save scare scold seem serve share shout
show sign smell smile smoke solve start stay stop study succeed suffer suggest support surprise survive
talk taste tease test thank threaten tie touch train translate travel treat trust try turn use visit wait
walk want warn wash waste watch welcome whistle win wipe wish work worry wound wrap
assist purchase request search postpone
discuss resemble tolerate escape discard park own
"""


def past(verb: str) -> str:
    """Past of a regular verb. Example: "stop" -> "stopped", "carry" -> "carried"."""
    if verb.endswith("e"):
        return verb + "d"
    if verb.endswith("y") and verb[-2] not in VOWELS:
        return verb[:-1] + "ied"
    return verb + verb[-1] + "ed" if verb in _DOUBLED else verb + "ed"


def third(verb: str) -> str:
    """Third person of the present. Example: "watch" -> "watches", "carry" -> "carries"."""
    if verb in ("have", "be"):
        return {"have": "has", "be": "is"}[verb]
    if verb.endswith("y") and verb[-2] not in VOWELS:
        return verb[:-1] + "ies"
    return verb + ("es" if verb.endswith(("s", "x", "z", "ch", "sh", "o")) else "s")


def gerund(verb: str) -> str:
    """The form in -ing. Example: "ride" -> "riding", "tie" -> "tying", "hit" -> "hitting"."""
    if verb.endswith("ie"):
        return verb[:-2] + "ying"
    if verb.endswith("e") and not verb.endswith("ee"):
        return verb[:-1] + "ing"
    return verb + verb[-1] + "ing" if verb in _DOUBLED else verb + "ing"


# Base form -> past and participle.
VERBS: dict[str, tuple[str, str]] = {verb: (past(verb), past(verb)) for verb in _REGULAR.split()}
for _row in _IRREGULAR.replace("\n", "").split("|"):
    _base, _past, _participle = _row.split()
    VERBS[_base] = (_past, _participle)
VERBS["show"] = ("showed", "shown")

# Form -> base form.
PAST = {pasts[0]: verb for verb, pasts in VERBS.items()}
PARTICIPLES = {pasts[1]: verb for verb, pasts in VERBS.items()} | {"been": "be"}
THIRD = {third(verb): verb for verb in VERBS}
GERUNDS = {gerund(verb): verb for verb in VERBS}

# Verbs of which "A does B" and "B is done by A" are both plain English.
TRANSITIVE = word_set("""
    accept accuse admire adopt approach arrest attack beat bite blame break bring build bully buy call
    carry catch chase choose clean collect control cook correct cover criticize deceive defeat defend
    deliver design destroy discover draw drink drive eat elect encourage examine feed find follow fool
    forgive frighten greet hear help hide hire hit hold hug hurt identify ignore injure insult interrupt
    introduce invent invite kick kill kiss lead lick lift love make murder notice observe open organize
    paint persuade plant play praise prepare print produce protect publish pull punish push read recognize
    recommend reject remove repair replace rescue respect ride ruin save scare scold see sell send serve
    shake shoot sign solve steal strike support surprise teach tease thank threaten throw touch translate
    trust visit warn wash watch wear welcome wound write
    """)

MEN = word_set(
    """
    tom john bob jim bill mike jack peter paul david george james henry ken mark alex ben dan sam tim fred
    frank adam max leo oliver lucas daniel robert edward thomas sami dima carlos ali
    """
)
WOMEN = word_set(
    """
    mary jane alice susan anna ann kate lucy emily sarah laura linda helen betty nancy julia emma sophie maria
    layla lisa karen olivia clara nora ruth rachel marie
    """
)
NAMES = MEN | WOMEN
PERSONS = word_set("""
    man woman boy girl child kid baby person father mother brother sister son daughter uncle aunt wife
    husband friend neighbor teacher student doctor nurse policeman officer lawyer judge soldier king queen
    prince princess boss secretary driver waiter waitress thief lady gentleman guy actor actress singer
    artist farmer hunter cook chef player dog cat horse cow wolf bear lion tiger elephant monkey bird duck
    fox mouse rabbit sheep goat pig puppy kitten people men women boys girls children kids students
    teachers soldiers dogs cats horses friends parents neighbors policemen doctors
    """)

PRONOUNS = word_set("i you he she it we they")
ARTICLES = word_set("the a an")
POSSESSIVES = word_set("my your his her our their its")
DETERMINERS = ARTICLES | POSSESSIVES | word_set("this that these those")
NUMBERS = _listed(
    """
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
    eighteen nineteen twenty
    """
)
TENS = dict(
    zip(range(20, 100, 10), _listed("twenty thirty forty fifty sixty seventy eighty ninety"), strict=True)
)
BE = word_set("is are was were am")
MODALS = word_set("can could will would should must")
HAVE = word_set("has have had")
DO = {"do": "", "does": "third", "did": "past"}
QUESTIONS = word_set(
    """
    what who whom whose which when where why how is are was were am do does did can could will would shall
    should may might has have isn't aren't wasn't don't doesn't didn't can't won't what's how's where's who's
    """
)
NEGATIVE = word_set(
    """
    not no never nobody nothing none neither nor nowhere hardly barely scarcely seldom rarely without cannot
    unless few little refuse refused fail failed deny denied unable until doubt lack
    """
)
# Words that a negation would move in and out of its scope, or that go only with it.
POLAR = word_set(
    """
    some somebody someone something somewhere any anybody anyone anything anywhere anymore ever yet already
    still too also either only just both all every everybody everyone everything everywhere each always
    sometimes often usually because so but if whether though although while since than most many much several
    probably certainly perhaps maybe even almost nearly quite rather soon long again other else first at_all
    better
    """
)
PLURALS = word_set("people men women children police mice feet teeth sheep policemen firemen")
NO_PLURALS = word_set("news mathematics physics tennis politics economics always perhaps does glass")

# Opposites of which at most one is true of a thing, by part of speech as WordNet writes it.
OPPOSITES: dict[str, str] = {
    "a": """
    hot cold|warm cool|big small|large small|tall short|long short|old young|old new|rich poor|happy sad|
    happy unhappy|good bad|fast slow|quick slow|heavy light|strong weak|hard easy|difficult easy|wet dry|
    clean dirty|full empty|open closed|alive dead|true false|safe dangerous|loud quiet|noisy quiet|
    bright dark|light dark|thick thin|fat thin|wide narrow|deep shallow|cheap expensive|early late|high low|
    beautiful ugly|smart stupid|clever stupid|brave cowardly|polite rude|kind cruel|honest dishonest|
    possible impossible|healthy sick|awake asleep|married single|guilty innocent|right wrong|correct wrong|
    male female|black white|sharp blunt|smooth rough|tight loose|lucky unlucky|generous stingy|
    interesting boring|patient impatient|friendly unfriendly|important unimportant|famous unknown|
    calm nervous|fresh stale|absent present|sober drunk|lazy diligent|lazy hardworking|near far|
    crowded empty|comfortable uncomfortable|necessary unnecessary|fair unfair|usual unusual
    """,
    "v": """
    love hate|like dislike|open close|remember forget|win lose|buy sell|accept refuse|accept reject|
    succeed fail|laugh cry|push pull|start stop|agree disagree|appear disappear|increase decrease|
    raise lower|build destroy|save waste|praise criticize|admit deny
    """,
    "r": """
    quickly slowly|loudly quietly|early late|inside outside|indoors outdoors|upstairs downstairs|
    carefully carelessly|well badly|happily sadly
    """,
    "n": """
    man woman|boy girl|beginning end|success failure|winter summer|morning evening|friend enemy|winner loser|
    victory defeat|advantage disadvantage|king queen|husband wife
    """,
}
# Opposites in WordNet that are none in everyday sentences: both may be true, or one of them means something else there.
NO_OPPOSITES = frozenset(
    tuple(sorted(pair.split("/")))
    for pair in _listed(
        """
        absence/presence absolute/relative act/refrain actual/potential affected/unaffected all/some arise/sit
        arrive/leave attention/inattention aunt/uncle back/front basic/incidental begin/end believe/disbelieve
        bend/straighten better/worse big/little blond/brunet bore/interest born/unborn borrow/lend bottom/side
        bottom/top brother/sister cerebral/emotional cheerful/depressing close/distant close/open
        common/individual compact/loose concentrated/distributed current/noncurrent daughter/son deaf/hearing
        differ/equal divided/united down/up due/undue dying/nascent empty/fill enter/exit enter/leave even/odd
        fall/rise father/mother few/many find/lose forbid/permit former/latter forte/piano forward/reverse
        fractional/whole future/past future/present gather/spread grassless/grassy greater/lesser gross/net
        here/there ill/well involved/uninvolved joint/separate least/most left/right less/more lie/truth
        limited/unlimited live/recorded lower/upper maxi/mini mental/physical midi/mini misused/used
        moved/unmoved moving/nonmoving nephew/niece no/some off/on other/same overhead/subsurface
        overhead/surface past/present proximate/ultimate real/unreal reflected/unreflected reserved/unreserved
        settled/unsettled side/top sit/stand sleep/wake spirited/spiritless spoken/written stuck/unstuck
        subsurface/surface tender/tough troubled/untroubled understood/ununderstood virtuous/wicked
        wheeled/wheelless
        """
    )
)
# Opposites of persons alone.
OF_PERSONS = frozenset([("old", "young"), ("young", "old"), ("short", "tall"), ("tall", "short"), ("married", "single"),
    ("single", "married"), ("fat", "thin"), ("thin", "fat")])  # fmt: skip
# ... and of things alone.
OF_THINGS = frozenset([("old", "new"), ("new", "old"), ("long", "short"), ("short", "long")])
GENDERED = word_set("man woman boy girl king queen husband wife")

# What means the same wherever it stands; ">" where only the first can be put in the other's words.
PHRASES = """
a lot of = lots of; a large number of > many; buy = purchase; buys = purchases; bought = purchased
buying = purchasing; begin > start; begins > starts; began = started; kid = child; kids = children
because of = due to; large > big; right away > immediately; at once > immediately; in the end > finally
almost = nearly; maybe = perhaps; glad > happy; assist > help; assisted > helped; ask for > request
asked for > requested; get rid of = dispose of; gave up > quit; looking for = searching for
looked for = searched for; come back > return; came back > returned; comes back > returns
coming back > returning; made up my mind > decided; made up his mind > decided; made up her mind > decided
take care of = look after; takes care of = looks after; took care of = looked after
taking care of = looking after; next to = beside; every day > daily; every week > weekly; these days = nowadays
at the moment = right now; from time to time > occasionally; now and then > occasionally
all the time > constantly; once in a while > occasionally; as soon as possible = as quickly as possible
in spite of = despite; have to > must; even though = although; has to > must; movie = film; movies = films
photo = photograph; photos = photographs; couch = sofa; bike = bicycle; bikes = bicycles; automobile = car
airplane = plane; airplanes = planes; mom = mother; tv = television; phone = telephone; physician = doctor
lawyer = attorney; dad = father; policeman = police officer; policemen = police officers; bunny = rabbit
garbage = trash; vacation > holiday; exam = examination; error = mistake; errors = mistakes; a couple of > two
a dozen > twelve; half an hour = thirty minutes; on purpose = deliberately; by accident = accidentally
by mistake > accidentally; by chance > accidentally; for free = at no cost; in public > publicly
each other = one another; called off = cancelled; call off = cancel; discuss = talk about
discussed > talked about; discussing = talking about; is named > is called; was named > was called
speak to = talk to; spoke to = talked to; speaking to = talking to; as a result of > because of
a number of > several; threw away > discarded; pointed out > indicated; in the middle of = in the center of
close to > near; on top of = atop; a pair of > two; was able to > managed to; put up with > tolerate; cab = taxi
looks like > resembles; looked like > resembled; woke up > awoke; gave back > returned; ran away = escaped
nearly all > almost all; on the phone = on the telephone; shut the door = close the door
a great deal of > a lot of; plenty of > a lot of; in the vicinity of > near; prior to > before; in order to > to
a little bit > a bit; two times > twice; over and over > again and again; is fond of > likes
was fond of > liked; is afraid of > fears; was afraid of > feared; used up > exhausted; assistance > help
residence > home; at the present time > now; on account of > because of; with the exception of > except
a majority of > most; go to bed > go to sleep; for the first time = for the very first time
"""
# What stands behind a form of "be", and what says the same there as "not" and the first.
NEGATED = dict(
    map(
        _listed,
        _listed(
            """
            easy difficult|difficult easy|true false|possible impossible|correct incorrect|happy unhappy|
            necessary unnecessary|alive dead|dead alive|sure unsure|guilty innocent|fair unfair|legal illegal|
            honest dishonest|polite impolite|able unable|common uncommon|usual unusual|asleep awake|awake asleep|
            married unmarried|friendly unfriendly|comfortable uncomfortable|absent present|certain uncertain
            """,
            "|",
        ),
    )
)

# Adjectives that can be left out: a red car is a car.
ADJECTIVES = word_set("""
    red blue green yellow white black brown grey gray orange pink purple big small large little huge tiny
    tall short long old young new wooden metal plastic beautiful pretty ugly happy sad strange interesting
    expensive cheap clean dirty wet dry empty colorful bright dark heavy round square smart clever kind
    nice famous rich poor strong weak brave silver stone brick leather glass fat thin handsome elderly
    angry tired hungry lovely delicious silly boring lazy sick
    """)
# How a thing is done, where it is done either way.
MANNER = word_set("""
    quickly slowly carefully quietly loudly suddenly happily sadly easily gently softly politely calmly
    angrily secretly immediately finally eventually recently bravely patiently eagerly anxiously nervously
    silently seriously honestly deliberately accidentally unexpectedly beautifully brightly cheerfully
    clearly closely deeply fluently freely kindly neatly peacefully proudly rapidly repeatedly safely
    securely skillfully smoothly successfully tightly warmly
    """)
# Words that lean on what follows: no sentence ends with them.
LEANING = word_set("""
    already still also just
    is are was were be been being am look looks looking looked put puts placed set sets located live lives
    lived living stay stayed stays arrive arrived belong participate lie lies lay laying lying sit sits
    sat standing stand stands interested believe believes believed focused based depends depend insisted
    insist laugh laughed laughing part interest effect influence role impression tax eye call called
    succeed succeeded good bad better go goes went going work works worked angry mad surprised amazed
    disappointed and or up down out off of get got fall fell stare stared staring glanced point pointed
    pointing smiled smile shouted aim engaged involved covered dressed resting sitting hanging displayed
    seated perched mounted keep kept keeps leave left remain remained throw threw thrown seem that which
    who born turned turn built build pulled plays play hit knock knocked spend spent spends attached
    parked piled the a an his her my their our very to with from by for as than like about into
    """)
NO_SUPERLATIVES = word_set(
    "west rest forest test guest interest nest chest request invest arrest harvest protest suggest"
)
