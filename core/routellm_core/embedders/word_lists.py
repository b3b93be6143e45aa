"""Lists of words by which the shape of a text is told: English, but for the last."""

from __future__ import annotations


def listed(*lines: str) -> frozenset[str]:
    """Return the words of some lines."""
    return frozenset(word for line in lines for word in line.split())


STOP_WORDS = listed(
    "a an the i you he she it we they me him her us them my your his its our their this that these those",
    "is are was were be been being am do does did have has had will would can could should may might must",
    "shall of in on at to for from by with about into over after before as than then there here what",
    "which who whom whose when where why how all any some no not only own same so too very just also and",
    "or but if because while",
)
CONJUNCTIONS = listed(
    "and or but if because while although though unless until since whereas whether when however",
    "therefore so yet nor once than either neither both",
)
NEGATIONS = listed(
    "no not never none nothing neither nor cannot can't don't doesn't didn't won't isn't aren't wasn't",
    "without nobody nowhere couldn't shouldn't wouldn't hasn't haven't",
)
POLITE_WORDS = listed(
    "please pls plz thanks thank thx ty hi hello hey dear cheers regards sincerely greetings sorry kindly",
    "appreciate appreciated welcome morning afternoon evening",
)
GREETINGS = listed(
    "thanks thank thx ty hi hello hey dear cheers regards please pls plz sincerely greetings danke bitte",
    "merci gracias obrigado",
)
"""What people add to a prompt in any language, and what says nothing of the prompt."""
CONTACT_WORDS = listed(
    "call phone tel telephone mobile cell me us at my our number is on reach text ring contact"
)
"""What stands before a number by which somebody can be reached."""
CODE_WORDS = listed(
    "def const var int void elif async await lambda struct enum fn func println printf sql json yaml",
    "regex python javascript typescript java golang kotlin c++ c# api stacktrace docker kubernetes",
    "postgres git null bool str nginx css html react npm pip bash numpy pandas dataframe mutex goroutine",
    "thread nullptr tuple boolean django compile compiler refactor endpoint webhook async/await unittest",
    "pytest segfault recursion",
)
REASONING_WORDS = listed(
    "prove proof derive design compare analyze analyse evaluate explain why implement optimize optimise",
    "debug justify architecture trade-off tradeoff tradeoffs trade-offs convergence invariant complexity",
    "theorem concurrent race deadlock guarantee bound minimal minimum maximum optimal strategy assess",
    "critique rigorous argue refute counterexample exact exactly",
)
MATHEMATICS_WORDS = listed(
    "theorem lemma corollary prove proof integral integrate derivative differentiate equation equations",
    "polynomial matrix matrices eigenvalue eigenvalues modulo mod prime primes integer integers converge",
    "converges triangle bijection isomorphic homomorphism subgroup vector circle perpendicular hypotenuse",
    "logarithm sqrt quadratic inequality permutation permutations combinatorics divisible divisor",
    "coefficient summation factorial irrational probability expectation topology manifold",
)
QUANTITY_WORDS = listed(
    "many much total each altogether remaining left twice half percent average apiece fewer more per",
    "times costs cost spend spends spent earn earns earned dozen double triple third quarter every one",
    "two three four five six seven eight nine ten",
)
FUNCTION_WORDS_OF_OTHERS = listed(
    "der das und ist nicht ein eine einen wie ich für mit auf dem den von zu bitte sind wir sie es kann",
    "werden le la les des est une un que qui dans avec comment pourquoi du sur je vous nous et pas ce",
    "cette au el los las una por para como qué cómo del se al y su está os uma não da em um é na il che",
    "di sono della gli het een niet bir ve için bu nie jest się w z co jak czy ile mais",
)
"""Frequent words of other languages in Latin script, but for those that are English words too."""
