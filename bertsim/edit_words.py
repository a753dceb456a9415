"""Words that the rules of `edits` work with: verbs and their forms, names, opposites, phrases that mean the same.

What goes out: frozen sets, mappings and tuples of lower-case words. All of it is everyday English, written down by hand
for this project; rarer opposites are read from a file (`edits.read_antonyms`).
"""

from __future__ import annotations

VOWELS = frozenset("aeiou")
# Verbs whose last consonant is doubled before -ed and -ing.
_DOUBLED = frozenset(
    "stop plan drop grab rob hug pat slip beg admit commit prefer refer regret permit rub trip shop step chop clap wrap "
    "nod stir ban tap pin hit cut put set let get sit run win begin forget swim dig shut spin occur fit pet jog".split()
)
# Base, past, participle.
_IRREGULAR = """
beat beat beaten|become became become|begin began begun|bite bit bitten|blow blew blown|break broke broken|
bring brought brought|build built built|burn burned burned|buy bought bought|catch caught caught|choose chose chosen|
come came come|cost cost cost|cut cut cut|deal dealt dealt|dig dug dug|do did done|draw drew drawn|drink drank drunk|
drive drove driven|eat ate eaten|fall fell fallen|feed fed fed|feel felt felt|fight fought fought|find found found|
fly flew flown|forget forgot forgotten|forgive forgave forgiven|freeze froze frozen|get got gotten|give gave given|
go went gone|grow grew grown|have had had|hear heard heard|hide hid hidden|hit hit hit|hold held held|hurt hurt hurt|
keep kept kept|know knew known|lead led led|leave left left|lend lent lent|let let let|lose lost lost|make made made|
mean meant meant|meet met met|pay paid paid|put put put|read read read|ride rode ridden|ring rang rung|rise rose risen|
run ran run|say said said|see saw seen|sell sold sold|send sent sent|set set set|shake shook shaken|shoot shot shot|
shut shut shut|sing sang sung|sink sank sunk|sit sat sat|sleep slept slept|speak spoke spoken|spend spent spent|
stand stood stood|steal stole stolen|strike struck struck|swim swam swum|take took taken|teach taught taught|
tear tore torn|tell told told|think thought thought|throw threw thrown|understand understood understood|
wake woke woken|wear wore worn|win won won|write wrote written
"""
_REGULAR = """
accept accuse admire admit adopt advise agree allow amuse announce annoy answer apologize appear approach arrest arrive
ask attack attend avoid bake beg believe belong blame borrow bother bully call cancel carry cause change chase check chop
clean climb close collect complain congratulate consider consult contact continue control cook copy correct count cover
criticize cross cry dance deceive decide defeat defend deliver deny deserve design destroy dial die disagree disappear
discover discuss disturb divorce dream dress drop earn elect embrace encourage end enjoy enter envy examine expect
explain explore fail fear fill finish fix follow fool frighten gather grab graduate greet guess handle happen hate help
hire hope hug hunt identify ignore imagine improve injure insult interrupt introduce invent invite join judge jump kick
kill kiss knock laugh learn lick lift like listen live lock look love manage marry mention miss mix move murder need
notice obey observe offer open order organize own paint pass perform permit persuade pick plan plant play please point
praise prefer prepare press print produce promise protect provide publish pull punish push question raise reach realize
receive recognize recommend refuse regret reject remain remember remove rent repair repeat replace reply rescue respect
return ruin save scare scold seem serve share shout show sign smell smile smoke solve start stay stop study succeed
suffer suggest support surprise survive talk taste tease test thank threaten tie touch train translate travel treat
trust try turn use visit wait walk want warn wash waste watch welcome whistle win wipe wish work worry wound wrap
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
TRANSITIVE = frozenset(
    """
    accept accuse admire adopt approach arrest attack beat bite blame break bring build bully buy call carry catch chase
    choose clean collect control cook correct cover criticize deceive defeat defend deliver design destroy discover draw
    drink drive eat elect encourage examine feed find follow fool forgive frighten greet hear help hide hire hit hold hug
    hurt identify ignore injure insult interrupt introduce invent invite kick kill kiss lead lick lift love make murder
    notice observe open organize paint persuade plant play praise prepare print produce protect publish pull punish push
    read recognize recommend reject remove repair replace rescue respect ride ruin save scare scold see sell send serve
    shake shoot sign solve steal strike support surprise teach tease thank threaten throw touch translate trust visit warn
    wash watch wear welcome wound write
    """.split()
)

MEN = frozenset(
    "tom john bob jim bill mike jack peter paul david george james henry ken mark alex ben dan sam tim fred frank adam "
    "max leo oliver lucas daniel robert edward thomas sami dima carlos ali".split()
)
WOMEN = frozenset(
    "mary jane alice susan anna ann kate lucy emily sarah laura linda helen betty nancy julia emma sophie maria layla "
    "lisa karen olivia clara nora ruth rachel marie".split()
)
NAMES = MEN | WOMEN
PERSONS = frozenset(
    """
    man woman boy girl child kid baby person father mother brother sister son daughter uncle aunt wife husband friend
    neighbor teacher student doctor nurse policeman officer lawyer judge soldier king queen prince princess boss secretary
    driver waiter waitress thief lady gentleman guy actor actress singer artist farmer hunter cook chef player dog cat
    horse cow wolf bear lion tiger elephant monkey bird duck fox mouse rabbit sheep goat pig puppy kitten people men women
    boys girls children kids students teachers soldiers dogs cats horses friends parents neighbors policemen doctors
    """.split()
)

PRONOUNS = frozenset("i you he she it we they".split())
ARTICLES = frozenset("the a an".split())
POSSESSIVES = frozenset("my your his her our their its".split())
DETERMINERS = ARTICLES | POSSESSIVES | frozenset("this that these those".split())
NUMBERS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty"
).split()
TENS = dict(
    zip(
        range(20, 100, 10),
        "twenty thirty forty fifty sixty seventy eighty ninety".split(),
        strict=True,
    )
)
BE = frozenset("is are was were am".split())
MODALS = frozenset("can could will would should must".split())
HAVE = frozenset("has have had".split())
DO = {"do": "", "does": "third", "did": "past"}
QUESTIONS = frozenset(
    "what who whom whose which when where why how is are was were am do does did can could will would shall should may "
    "might has have isn't aren't wasn't don't doesn't didn't can't won't what's how's where's who's".split()
)
NEGATIVE = frozenset(
    "not no never nobody nothing none neither nor nowhere hardly barely scarcely seldom rarely without cannot unless few "
    "little refuse refused fail failed deny denied unable until doubt lack".split()
)
# Words that a negation would move in and out of its scope, or that go only with it.
POLAR = frozenset(
    "some somebody someone something somewhere any anybody anyone anything anywhere anymore ever yet already still too "
    "also either only just both all every everybody everyone everything everywhere each always sometimes often usually "
    "because so but if whether though although while since than most many much several probably certainly perhaps maybe "
    "even almost nearly quite rather soon long again other else first at_all better".split()
)
PLURALS = frozenset("people men women children police mice feet teeth sheep policemen firemen".split())
NO_PLURALS = frozenset("news mathematics physics tennis politics economics always perhaps does glass".split())

# Opposites of which at most one is true of a thing, by part of speech as WordNet writes it.
OPPOSITES: dict[str, str] = {
    "a": """
    hot cold|warm cool|big small|large small|tall short|long short|old young|old new|rich poor|happy sad|happy unhappy|
    good bad|fast slow|quick slow|heavy light|strong weak|hard soft|hard easy|difficult easy|wet dry|clean dirty|
    full empty|open closed|alive dead|true false|safe dangerous|loud quiet|noisy quiet|bright dark|light dark|thick thin|
    fat thin|wide narrow|deep shallow|cheap expensive|early late|high low|beautiful ugly|smart stupid|clever stupid|
    brave cowardly|polite rude|kind cruel|honest dishonest|possible impossible|healthy sick|awake asleep|married single|
    guilty innocent|right wrong|correct wrong|male female|black white|sharp blunt|smooth rough|tight loose|lucky unlucky|
    generous stingy|interesting boring|patient impatient|ready unready|friendly unfriendly|important unimportant|
    famous unknown|calm nervous|fresh stale|absent present|sober drunk|lazy diligent|lazy hardworking|near far|
    asleep awake|crowded empty|comfortable uncomfortable|necessary unnecessary|fair unfair|usual unusual
    """,
    "v": """
    love hate|like dislike|open close|remember forget|win lose|arrive leave|buy sell|accept refuse|accept reject|
    succeed fail|laugh cry|push pull|start stop|begin end|agree disagree|appear disappear|increase decrease|
    lend borrow|pass fail|find lose|enter leave|raise lower|build destroy|save waste|praise criticize|rise fall
    """,
    "r": """
    quickly slowly|loudly quietly|early late|inside outside|indoors outdoors|upstairs downstairs|easily hardly|
    always never|carefully carelessly|well badly|often seldom|happily sadly|luckily unluckily
    """,
    "n": """
    man woman|boy girl|beginning end|success failure|winter summer|morning evening|north south|friend enemy|
    truth lie|winner loser|victory defeat|advantage disadvantage|king queen|husband wife
    """,
}

# Phrases that mean the same wherever they stand, each way round.
PHRASES = """
a lot of|lots of
many|a large number of
buy|purchase
buys|purchases
bought|purchased
begin|start
begins|starts
began|started
kid|child
kids|children
because of|due to
right away|immediately
at once|immediately
in the end|finally
almost|nearly
maybe|perhaps
big|large
glad|happy
sick|ill
help|assist
helped|assisted
helps|assists
ask for|request
asked for|requested
get rid of|dispose of
found out|discovered
gave up|quit
look for|search for
looking for|searching for
looked for|searched for
come back|return
came back|returned
comes back|returns
make up my mind|decide
made up his mind|decided
made up her mind|decided
made up my mind|decided
take care of|look after
takes care of|looks after
took care of|looked after
taking care of|looking after
close to|near
next to|beside
every day|daily
every week|weekly
these days|nowadays
at the moment|right now
from time to time|occasionally
now and then|occasionally
once in a while|occasionally
all the time|constantly
as soon as possible|as quickly as possible
in spite of|despite
even though|although
have to|must
has to|must
is going to|will
are going to|will
am going to|will
is able to|can
are able to|can
am able to|can
was able to|managed to
on foot|by walking
movie|film
movies|films
photo|photograph
photos|photographs
couch|sofa
bike|bicycle
bikes|bicycles
automobile|car
airplane|plane
airplanes|planes
tv|television
phone|telephone
physician|doctor
lawyer|attorney
mom|mother
dad|father
policeman|police officer
policemen|police officers
street|road
rabbit|bunny
forest|woods
garbage|trash
vacation|holiday
exam|examination
error|mistake
errors|mistakes
a couple of|two
a dozen|twelve
half an hour|thirty minutes
in a hurry|in haste
on purpose|deliberately
by accident|accidentally
by mistake|mistakenly
by chance|accidentally
for free|at no cost
in public|publicly
"""
