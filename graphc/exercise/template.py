"""What `graphc exercise new` writes: an exercise that works, with a comment on every key."""

from __future__ import annotations

from ..errors import choose

_EN = '''\
# An exercise for graphc. `graphc sheet FILE -o sheet.pdf` prints the sheet and its solution.

title = "Back-propagation by hand"      # or by language: { en = "...", fr = "..." }
course = "Machine learning"             # optional: small, above the title
language = "en"                         # "en" or "fr"
# Mathematics goes between dollar signs; \'\'\' keeps backslashes as they are. A blank line ends a paragraph.
statement = \'\'\'
A neuron with a shared weight computes $f = w_3 \\cdot \\operatorname{ReLU}(z)$ with $z = w_1 x_1 + w_1 x_2 + b$.
\'\'\'

function = "w3*relu(z)"                 # or model = "network.py:loss", a graph declared in Python (needs --trust)
output = "f"                            # its name
tolerance = 0.001                       # relative, for answers in decimals
layout = "any"                          # of matrix gradients: "any", "denominator" (as the parameter), "numerator"
seed = 1                                # of the numbers drawn below; change it for another class

[define]                                # names of intermediate values, for the diagram and the questions
z = "w1*x1 + w1*x2 + b"

[symbols]                               # optional; names that begin with w, b or a Greek letter are parameters
x1 = "input"
x2 = "input"
w1 = "parameter"
w3 = { kind = "parameter", assume = ["nonzero"] }   # also positive, nonnegative, negative, integer; shape = [3, 4]
b = "parameter"

[point]                                 # numbers that are the same for all: 3, 0.5, "1/2"
b = -1

[random]                                # drawn for each student: pleasant by hand, never on a kink
x1 = [1, 4]                             # a whole number from 1 to 4
x2 = { from = -3, to = 3, except = [0] }
w1 = { choose = [1, 2, 3] }
w3 = [-4, 4]

[[question]]
ask = "value"                           # numbers of the values named in `of`
of = ["z", "f"]
points = 2

[[question]]
ask = "local"                           # the derivative across one edge
of = "f"
wrt = "r"
points = 1

[[question]]
ask = "gradient"                        # numbers: the derivatives of `of` (the output) by each of `wrt`
wrt = ["w1", "w3", "b"]
points = 4
text = "Compute the gradient by back-propagation. Why is the one by $w_1$ a sum?"   # optional: a sentence is written
lines = 5                               # optional: ruled lines for the work

[[question]]
ask = "formula"                         # the same, as formulas
wrt = "w1"
points = 3
answer = "w3*(x1 + x2)*1[z > 0]"        # optional: your own, to be held against graphc's
'''

_FR = '''\
# Un exercice pour graphc. `graphc sheet FICHIER -o feuille.pdf` imprime la feuille et son corrigé.

title = "Rétropropagation à la main"    # ou par langue : { en = "...", fr = "..." }
course = "Apprentissage automatique"    # facultatif : en petit, au-dessus du titre
language = "fr"                         # "en" ou "fr"
# Les mathématiques s'écrivent entre dollars ; \'\'\' garde les barres obliques. Une ligne vide finit un paragraphe.
statement = \'\'\'
Un neurone dont un poids est partagé calcule $f = w_3 \\cdot \\operatorname{ReLU}(z)$ où $z = w_1 x_1 + w_1 x_2 + b$.
\'\'\'

function = "w3*relu(z)"                 # ou model = "reseau.py:perte", un graphe déclaré en Python (avec --trust)
output = "f"                            # son nom
tolerance = 0.001                       # relative, pour les réponses décimales
layout = "any"                          # des gradients de matrices ; "denominator" (comme le paramètre), "numerator"
seed = 1                                # graine des nombres tirés plus bas ; une autre pour une autre classe

[define]                                # noms de valeurs intermédiaires, pour le graphe et les questions
z = "w1*x1 + w1*x2 + b"

[symbols]                               # facultatif ; les noms en w, b ou lettre grecque sont des paramètres
x1 = "input"
x2 = "input"
w1 = "parameter"
w3 = { kind = "parameter", assume = ["nonzero"] }   # aussi positive, nonnegative, negative, integer ; shape = [3, 4]
b = "parameter"

[point]                                 # nombres communs à tous : 3, 0.5, "1/2"
b = -1

[random]                                # tirés pour chaque élève : agréables à la main, jamais sur un point anguleux
x1 = [1, 4]                             # un entier de 1 à 4
x2 = { from = -3, to = 3, except = [0] }
w1 = { choose = [1, 2, 3] }
w3 = [-4, 4]

[[question]]
ask = "value"                           # les nombres des valeurs nommées dans `of`
of = ["z", "f"]
points = 2

[[question]]
ask = "local"                           # la dérivée le long d'une arête
of = "f"
wrt = "r"
points = 1

[[question]]
ask = "gradient"                        # nombres : dérivées de `of` (la sortie) par rapport à chacun de `wrt`
wrt = ["w1", "w3", "b"]
points = 4
text = "Calculer le gradient par rétropropagation. Pourquoi celui de $w_1$ est-il une somme ?"   # facultatif
lines = 5                               # facultatif : lignes pour le calcul

[[question]]
ask = "formula"                         # de même, en formules
wrt = "w1"
points = 3
answer = "w3*(x1 + x2)*1[z > 0]"        # facultatif : la vôtre, à comparer à celle de graphc
'''

TEMPLATES = {"en": _EN, "fr": _FR}


def template(lang: str = "en") -> str:
    """A commented exercise file. Raises InputError for another language.

    >>> template("fr").splitlines()[2]
    'title = "Rétropropagation à la main"    # ou par langue : { en = "...", fr = "..." }'
    """
    if lang not in TEMPLATES:
        raise choose("language", lang, TEMPLATES)
    return TEMPLATES[lang]
