"""Follow-up words: what `follow_up` looks for, in English, German and Spanish, in lower case."""

from __future__ import annotations


def _words(*lines: str) -> frozenset[str]:
    return frozenset(word for line in lines for word in line.split())


def _phrases(*lines: str) -> tuple[str, ...]:
    return tuple(f" {phrase} " for line in lines for phrase in line.split(", "))


ACKNOWLEDGEMENTS = _words(
    "yes yeah yep yup ok okay sure no nope nah thanks thank you thx great perfect good nice cool fine right",
    "correct exactly alright awesome lgtm looks sounds excellent wonderful hmm well please very much so far",
    "ja jo nein nee gut genau okay passt danke dankeschön super prima klasse toll klar gerne bitte stimmt",
    "richtig sieht aus klingt schön wunderbar perfekt vielen dank sehr alles",
    "sí si vale claro perfecto gracias genial bien bueno bueno exacto correcto muchas muy estupendo se ve",
)
"""A clause of these alone says nothing."""

CONJUNCTIONS = _words("and or but und oder aber y e o pero")

LEADING = CONJUNCTIONS | _words(
    "ok okay yes yeah no sure great thanks please now then so well also next ja nein gut danke bitte",
    "jetzt nun",
    "dann also na sí si vale bueno claro ahora entonces luego pues gracias",
)
"""What may stand before the message proper."""

LIGHT = (
    ACKNOWLEDGEMENTS
    | LEADING
    | _words(
        "i you we me us my your do does did is are was can could would will should let let's go on ahead",
        "keep",
        "going continue proceed carry tell give show say more less much a an the of to for with about in at",
        "it",
        "that this these those there here them why how what when where who which not really else again still",
        "just only even too all any some same way better mean meaning come say said done next one further",
        "explain elaborate bit little detail details example examples wait stop sorry try think maybe",
        "ich du wir sie mir uns mich dich mach mache machen machst kann kannst könntest würdest sag sage",
        "zeig",
        "erklär erkläre weiter mehr weniger noch mal nochmal das die der den dem es dies so da hier was wie",
        "warum wieso weshalb wann wo wer nicht doch wirklich echt sicher einfach genauer gleich los und bist",
        "ein eine einen etwas bisschen beispiel anders besser eigentlich meinst heißt fortfahren versuch",
        "yo tú me te nos lo la los las el un una de en a con por para haz hazlo hacer puedes podrías sigue",
        "continúa adelante más menos otra vez otro eso esto así qué cómo cuándo dónde quién cuál porque no",
        "ya",
        "explica explícame dime dame muestra entonces seguro segura estás de acuerdo ejemplo poco mejor",
        "también",
    )
)
"""Words without content of their own."""

QUESTION_WORDS = _words(
    "what what's which who who's whose whom when where why how was welche welcher welches wer wem wen",
    "wann wo",
    "wie warum wieso weshalb woher wohin wieviel qué cuál cuáles quién quiénes cuándo dónde cómo cuánto",
    "cuánta",
    "cuántos cuántas",
)
QUESTION_VERBS = _words(
    "is are am was were do does did can could should would will has have ist sind gibt kann können soll hat",
    "haben darf muss es son hay puede puedo pueden debe tiene está están",
)

BACKWARD = _words(
    "this these those them same above previous former latter another again elaborate",
    "dies diese dieser dieses diesen diesem davon dazu dafür darüber darauf daran daraus dagegen dabei",
    "dort ahí allí dasselbe derselbe dieselbe denselben gleiche gleichen stattdessen nochmal nochmals",
    "obige obigen vorige",
    "esto eso ese esa esos esas este esta estos estas aquello ello mismo misma mismos mismas anterior",
    "otro otra",
    "otros otras",
)
"""These point back wherever they stand, unless a time follows ("this year")."""

REACTIONS = _words("no nope nah nein nee nö wait hm hmm mmm hmmm warte moment halt espera")
"""A message that begins with a clause of these answers what was said."""

CONTINUATIONS = _words("continue continúa sigue weiter weitermachen fortfahren fortsetzen proceed go")

DEFINITE = _words("the die den das dem der el la los las my your meine deine mi tu")
COMPLEMENTS = _words("of von vom de del for für about über sobre from between zwischen entre in en im")
"""What follows these says which one "the plot" is: "the plot of Hamlet"."""

OUTCOMES = _words(
    "result results output answer solution error code text list table function query email letter ergebnis",
    "ausgabe antwort lösung fehler liste tabelle funktion resultado respuesta salida solución código texto",
    "lista tabla función cuentas carta",
)
"""With an article before and no complement behind, the one that the conversation has made."""

NUMBERED = _words("step line point option schritt zeile punkt paso línea punto opción")

LATER_ADDITIONS = _words("also too auch también tampoco")

BACKWARD_LAST = _words("one ones so instead there too da so auch andere anderen así también")
BACKWARD_FIRST = _words("still again instead otherwise immer sonst ansonsten sino todavía aún")

BACKWARD_PHRASES = _phrases(
    "the other, the others, as well, why not, how so, how come, are you sure, do you mean, you said",
    "you mean",
    "your answer, your code, your last, your first, doesn't work, didn't work, not working, i meant",
    "i prefer the, how did you, where did you, why did you, would change, seems off, seems wrong, over there",
    "noch ein, noch eine, noch einen, noch mal, immer noch, das andere, die andere, den anderen, der andere",
    "warum nicht, bist du sicher, meinst du, deine antwort, dein code, deinen code, funktioniert nicht",
    "dir sicher, da sicher, da weiter, ich meinte, gefällt mir, wie kommst du, wie bist du, würde sich",
    "nicht stimmen, stimmt nicht, kann das, sollte das, muss das, warum hast du",
    "por qué no, otra vez, de nuevo, estás seguro, estás segura, quieres decir, tu respuesta, tu código",
    "me refería, quería decir, quise decir, prefiero el, prefiero la, no me cuadra, qué cambiaría",
    "te refieres",
    "cómo llegas, cómo llegaste, cómo pasas, por qué has, donde lo, no funciona, en su lugar",
    "en vez de eso, mejor aún, sigue saliendo, sigue sin",
)

PERSONS = _words("he she they him ihn ihm ihnen")

TIMES = _words(
    "year week month morning evening summer winter time weekend jahr woche monat sommer winter mal",
    "wochenende",
    "año semana mes verano invierno noche tarde fin",
)
LISTED = _words("one to")
"""Before "another": "from one city to another" points nowhere."""

BEFORE_THAT = _words(
    "with for about like of on in to by after before do does did is was explain make use try change why how",
    "fix not skip undo and",
)
AFTER_DAS = _words(
    "ist war wäre geht klingt sieht passt funktioniert so nicht mir bitte auch noch in aus für kürzer länger",
    "besser andere gleiche machen mal genauer einfacher nochmal wirklich hier alles bedeutet heißt stimmt",
    "als",
    "mit auf ohne was wie da jetzt",
)
EXPLETIVE_ES = _words("gibt ist geht regnet handelt gab war wird")
AFTER_EXPLETIVE_IT = _words("take mean cost make rain snow matter")

SPANISH = _words(
    "el la los las un una de en que qué y por para con cuál cómo quién cuándo dónde del al no si"
)

ENCLITICS = ("alo", "elo", "ilo", "zlo", "nlo", "rlo", "ala", "ela", "rla", "zla", "slo", "élo", "ílo", "los")
PLAIN_ENCLITICS = _words("hazlo hazla dilo ponlo ponla")
ACCENTS = frozenset("áéíóú")

ORDINALS = _words(
    "first second third fourth fifth last next final erste ersten zweite zweiten dritte dritten vierte",
    "vierten",
    "letzte letzten nächste nächsten primer primera segundo segunda tercer tercera cuarto último última",
    "siguiente",
)
PARTS = _words(
    "step part line point paragraph sentence option one example version section row column function test",
    "error half bit word bullet schritt teil zeile punkt absatz satz option beispiel version abschnitt",
    "spalte funktion test fehler hälfte wort paso parte línea punto párrafo frase opción ejemplo versión",
    "sección fila columna función prueba mitad palabra",
)

ADDITIONS = _phrases(
    "what about, how about, what if, what else, was ist mit, wie wäre es mit, wie sieht es mit, was wenn",
    "was wäre wenn, was noch, qué pasa con, qué tal, qué hay de, y si, qué pasaría si, cómo sería con",
)
"""How an addition begins."""

PREPOSITIONS = _words(
    "in with as without for to on using from auf in mit als ohne für zu von en con como sin para desde",
    "sobre",
)

DEGREES = _words(
    "more less shorter longer simpler better faster slower clearer another different other mehr weniger",
    "kürzer",
    "länger einfacher besser schneller klarer ausführlicher genauer noch más menos otro otra mejor simple",
)

EDITS = _words(
    "add remove delete rename shorten expand simplify elaborate refactor retry redo undo revert fix rewrite",
    "rephrase reformat repeat füge entferne lösche kürze wiederhole formuliere ergänze añade agrega quita",
    "borra",
    "acorta amplía repite",
)
"""These work on what is there whatever follows, unless the message brings it along."""

ORDERS = EDITS | _words(
    "change replace summarize summarise format make put move set turn use swap merge sort check translate",
    "ändere ersetze vereinfache korrigiere mach mache setze stelle nimm nutze verwende prüfe übersetze",
    "sortiere",
    "verschiebe fasse elimina cambia reemplaza simplifica corrige resume haz pon usa mueve ordena revisa",
    "traduce",
    "utiliza",
)
"""These do so where "the" follows, or nothing."""

ACTIONS = _words(
    "commit push deploy merge ship apply publish save send committe pushe speichere veröffentliche guarda",
    "publica aplica envía despliega",
)

NEW_SUBJECTS = _phrases(
    "different topic, different subject, different question, new topic, new question, another topic",
    "another question, another subject, something else, unrelated, change of topic, change of subject",
    "anderes thema, andere frage, neues thema, neue frage, etwas anderes, ganz anderes, was anderes",
    "otro tema, otra pregunta, otra cosa, cambiando de tema, cambio de tema, nueva pregunta, nuevo tema",
)
"""Words that announce a question of its own."""
