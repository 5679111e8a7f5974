"""What a sheet says, in English and French: one row a phrase. French spacing is put in by `said`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from ..derivation.phrases import column, spaced
from ..formula import number_text

PHRASES: Mapping[str, tuple[str, str]] = {
    "name": ("Name", "Nom"),
    "date": ("Date", "Date"),
    "points": ("Points", "Note"),
    "solution": ("Solution", "Corrigé"),
    "statement": ("Compute {f}.", "Calculer {f}."),
    "where": ("where", "où"),
    "numbers": ("Take {point}.", "On prend {point}."),
    "diagram": ("Computation graph. Write the value above each wire, and the gradient below it.",
                "Graphe de calcul. Écrire la valeur au-dessus de chaque arête, et le gradient au-dessous."),
    "diagram TB": ("Computation graph. Write the value to the left of each wire, and the gradient to its right.",
                   "Graphe de calcul. Écrire la valeur à gauche de chaque arête, et le gradient à sa droite."),
    "diagram plain": ("Computation graph.", "Graphe de calcul."),
    "table": ("Fill in the table: values from top to bottom, adjoints from bottom to top.",
              "Compléter le tableau : les valeurs de haut en bas, les adjoints de bas en haut."),
    "questions": ("Questions", "Questions"),
    "answers": ("Answers", "Réponses"),
    "graph": ("The graph", "Le graphe"),
    "backward": ("The backward pass", "La rétropropagation"),
    "derivation": ("Derivation", "Calcul détaillé"),
    "column value": ("value", "valeur"),
    "column formula": ("formula", "formule"),
    "column number": ("number", "nombre"),
    "column shape": ("shape", "forme"),
    "column users": ("used by", "sert à"),
    "column handed": ("contributions", "contributions"),
    "column adjoint": ("adjoint", "adjoint"),
    "and": ("and", "et"),
    "page": ("page {page} of {pages}", "page {page} sur {pages}"),
    "ask value": ("Compute {what}.", "Calculer {what}."),
    "ask gradient": ("Compute {what} by back-propagation.", "Calculer {what} par rétropropagation."),
    "ask adjoint": ("Compute {what}.", "Calculer {what}."),
    "ask local": ("What is the local derivative {what} at this point?",
                  "Que vaut la dérivée locale {what} en ce point ?"),
    "ask formula": ("Give a formula for {what}.", "Donner une formule pour {what}."),
    "ask jacobian": ("Compute {what}, a Jacobian.", "Calculer {what}, une matrice jacobienne."),
    "ask shape": ("What is the shape of {what}?", "Quelle est la forme de {what} ?"),
    "ask cost": ("Count {what}.", "Compter {what}."),
    "count multiply_adds": ("the multiply-adds", "les multiplications-additions"),
    "count flops": ("the operations", "les opérations"),
    "count parameters": ("the parameters", "les paramètres"),
    "label multiply_adds": ("multiply-adds", "multiplications-additions"),
    "label flops": ("operations", "opérations"),
    "label parameters": ("parameters", "paramètres"),
    "adjoint": ("the adjoint {bar} = {partial}", "l'adjoint {bar} = {partial}"),
}  # fmt: skip


def said(key: str, lang: str, **slots: str) -> str:
    """The phrase with its slots filled.

    >>> said("ask local", "fr", what="$x$")
    'Que vaut la dérivée locale $x$ en ce point\\u202f?'
    """
    text = PHRASES[key][column(lang)]
    # Slots hold mathematics, which French spacing must not touch.
    return (spaced(text) if lang == "fr" else text).format_map(slots)


def typographic(text: str, lang: str) -> str:
    """An author's words with French spaces and curly apostrophes; mathematics between dollar signs stays."""
    if lang != "fr":
        return text
    pieces = text.split("$")
    return "$".join(p if i % 2 else spaced(p) for i, p in enumerate(pieces))


def listed(items: Sequence[str], lang: str) -> str:
    """a, b and c."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {said('and', lang)} {items[-1]}"


def marks(points: Fraction | float, lang: str) -> str:
    """How many points: a word that is plural in English from other than 1, in French from 2.

    >>> marks(Fraction(1), "en"), marks(1.5, "en"), marks(1.5, "fr")
    ('1 point', '1.5 points', '1,5\\xa0point')
    """
    many = points >= 2 if lang == "fr" else points != 1
    gap = "\u00a0" if lang == "fr" else " "
    return f"{number_text(points, 'unicode', lang)}{gap}point{'s' if many else ''}"
