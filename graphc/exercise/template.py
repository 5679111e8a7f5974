"""What `graphc exercise new` writes: an exercise that works, with a comment on every key."""

from __future__ import annotations

from ..errors import choose

_EN = '''\
# An exercise for graphc. `graphc sheet FILE -o sheet.pdf` prints the sheet and its solution; `graphc exercise check
# FILE` says whether it is well-posed; `graphc grade FILE answers/ -o report/` grades the answers of a class.

title = "Back-propagation by hand"      # or by language: { en = "...", fr = "..." }
course = "Machine learning"             # optional: small, above the title
language = "en"                         # "en" or "fr"
# Mathematics goes between dollar signs; \'\'\' keeps backslashes as they are. A blank line ends a paragraph.
statement = \'\'\'
A neuron with a shared weight computes $f = w_3 \\cdot \\operatorname{ReLU}(z)$ with $z = w_1 x_1 + w_1 x_2 + b$.
\'\'\'

function = "w3*relu(z)"                 # or model = "network.py:loss", a graph declared in Python (needs --trust)
output = "f"                            # its name
tolerance = 0.001                       # relative, for answers in decimals; for a right value of 0 absolute
carried = 1.0                           # share of the points of an answer that is right given an earlier wrong one
rounding = 0                            # points of a submission to the nearest 0.5, say; 0 leaves them exact
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
points = 3
shares = [2, 1]                         # optional: how the points are parted; equally otherwise

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
answer = "w3*(x1 + x2)*1[z > 0]"        # optional: your own, to be held against graphc's by `graphc exercise check`

# Other questions: ask = "adjoint" (numbers: the derivative of the output by each of `of`), "jacobian" (numbers: of a
# vector by each of `wrt`), "shape" (of each of `of`, or of the gradient by each of `wrt`), "cost" (of the whole: `of`
# lists multiply_adds, flops, parameters).
#
# The same file for matrices; numbers of a matrix are lists of rows. Take out the marks at the beginning of each line:
#
#| title = "A layer"
#| function = "sum(r^2)"
#| layout = "denominator"
#|
#| [define]
#| r = "W x - y"
#|
#| [symbols]
#| W = { kind = "parameter", shape = [2, 3] }
#| x = { kind = "input", shape = [3] }
#| y = { kind = "input", shape = [2] }
#|
#| [point]
#| y = [2, 5]
#|
#| [random]
#| W = [-3, 3]
#| x = { choose = [2, 3, 4] }
#|
#| [[question]]
#| ask = "value"
#| of = ["r", "f"]
#|
#| [[question]]
#| ask = "gradient"                      # an answer is written as [1, 2; 3, 4], [[1, 2], [3, 4]] or a LaTeX matrix
#| wrt = ["W", "x"]
#| points = 4
#|
#| [[question]]
#| ask = "shape"
#| wrt = "W"
#|
#| [[question]]
#| ask = "formula"
#| wrt = "W"
#| points = 3
#| answer = "2 (W x - y) x^T"
'''

_FR = '''\
# Un exercice pour graphc. `graphc sheet FICHIER -o feuille.pdf` imprime la feuille et son corrigé ; `graphc exercise
# check FICHIER` dit s'il est bien posé ; `graphc grade FICHIER reponses/ -o rapport/` corrige les copies d'une classe.

title = "Rétropropagation à la main"    # ou par langue : { en = "...", fr = "..." }
course = "Apprentissage automatique"    # facultatif : en petit, au-dessus du titre
language = "fr"                         # "en" ou "fr"
# Les mathématiques s'écrivent entre dollars ; \'\'\' garde les barres obliques. Une ligne vide finit un paragraphe.
statement = \'\'\'
Un neurone dont un poids est partagé calcule $f = w_3 \\cdot \\operatorname{ReLU}(z)$ où $z = w_1 x_1 + w_1 x_2 + b$.
\'\'\'

function = "w3*relu(z)"                 # ou model = "reseau.py:perte", un graphe déclaré en Python (avec --trust)
output = "f"                            # son nom
tolerance = 0.001                       # relative, pour les réponses décimales ; absolue si la bonne valeur est 0
carried = 1.0                           # part des points d'une réponse juste à partir d'une réponse fausse antérieure
rounding = 0                            # points d'une copie à 0.5 près, par exemple ; 0 les laisse exacts
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
points = 3
shares = [2, 1]                         # facultatif : répartition des points ; égale sinon

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
answer = "w3*(x1 + x2)*1[z > 0]"        # facultatif : la vôtre, que `graphc exercise check` compare à celle de graphc

# Autres questions : ask = "adjoint" (nombres : dérivée de la sortie par rapport à chacun de `of`), "jacobian"
# (nombres : d'un vecteur par rapport à chacun de `wrt`), "shape" (forme de chacun de `of`, ou du gradient
# par rapport à chacun de `wrt`), "cost" (du tout : `of` énumère multiply_adds, flops, parameters).
#
# Le même fichier pour des matrices, dont les nombres sont des listes de lignes. Enlevez les marques en début de ligne :
#
#| title = "Une couche"
#| language = "fr"
#| function = "sum(r^2)"
#| layout = "denominator"
#|
#| [define]
#| r = "W x - y"
#|
#| [symbols]
#| W = { kind = "parameter", shape = [2, 3] }
#| x = { kind = "input", shape = [3] }
#| y = { kind = "input", shape = [2] }
#|
#| [point]
#| y = [2, 5]
#|
#| [random]
#| W = [-3, 3]
#| x = { choose = [2, 3, 4] }
#|
#| [[question]]
#| ask = "value"
#| of = ["r", "f"]
#|
#| [[question]]
#| ask = "gradient"                      # une réponse s'écrit [[1; 2]; [3; 4]], ou en matrice LaTeX
#| wrt = ["W", "x"]
#| points = 4
#|
#| [[question]]
#| ask = "shape"
#| wrt = "W"
#|
#| [[question]]
#| ask = "formula"
#| wrt = "W"
#| points = 3
#| answer = "2 (W x - y) x^T"
'''

TEMPLATES = {"en": _EN, "fr": _FR}


def template(lang: str = "en") -> str:
    """A commented exercise file. Raises InputError for another language.

    >>> template("fr").splitlines()[3]
    'title = "Rétropropagation à la main"    # ou par langue : { en = "...", fr = "..." }'
    """
    if lang not in TEMPLATES:
        raise choose("language", lang, TEMPLATES)
    return TEMPLATES[lang]
