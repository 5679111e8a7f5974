"""The words of a figure, one row a language."""

from __future__ import annotations

from ..errors import choose

PHRASES: dict[str, dict[str, str]] = {
    "en": {
        "value": "forward value", "name": "value", "shape": "shape", "gradient": "gradient",
        "local": "local derivative", "handed": "contribution", "data": "data", "parameter": "parameter",
        "constant": "constant", "operation": "operation", "function": "function", "output": "output",
        "adjoint": "adjoint",
        "forward title": "Computation graph of {f}",
        "circuit title": "Computation graph of {f}, with values and gradients",
        "values title": "Computation graph of {f}, with values",
        "backward title": "Backward graph of {f}: adjoints from the output to the inputs",
        "value is": "{name} = {formula} = {value}", "name is": "{name} = {formula}",
        "adjoint is": "gradient of {name}: {value}",
        "blank": "Exercise — fill in {what}", "blank values": "the values", "blank gradients": "the gradients",
        "blank all": "the values and the gradients",
        "table title": "Backward pass of {f} as a table", "table node": "value", "table value": "forward",
        "table users": "used by", "table handed": "contribution of each", "table adjoint": "adjoint: their sum",
        "table caption": "Edges visited, once each: {edges}. Paths that a naive sum would walk: {paths}.",
    },
    "fr": {
        "value": "valeur (avant)", "name": "valeur", "shape": "forme", "gradient": "gradient (arrière)",
        "local": "dérivée locale", "handed": "contribution", "data": "donnée", "parameter": "paramètre",
        "constant": "constante", "operation": "opération", "function": "fonction", "output": "sortie",
        "adjoint": "adjoint",
        "forward title": "Graphe de calcul de {f}",
        "circuit title": "Graphe de calcul de {f}, avec les valeurs et les gradients",
        "values title": "Graphe de calcul de {f}, avec les valeurs",
        "backward title": "Graphe de rétropropagation de {f}\u00a0: les adjoints, de la sortie vers les entrées",
        "value is": "{name} = {formula} = {value}", "name is": "{name} = {formula}",
        "adjoint is": "gradient de {name}\u00a0: {value}",
        "blank": "Exercice — compléter {what}", "blank values": "les valeurs", "blank gradients": "les gradients",
        "blank all": "les valeurs et les gradients",
        "table title": "Rétropropagation de {f} en tableau", "table node": "valeur", "table value": "avant",
        "table users": "utilisée par", "table handed": "contribution de chacune",
        "table adjoint": "adjoint\u00a0: leur somme",
        "table caption": "Arêtes visitées, une fois chacune\u00a0: {edges}. "
                         "Chemins qu’une somme naïve parcourrait\u00a0: {paths}.",
    },
}  # fmt: skip
assert PHRASES["en"].keys() == PHRASES["fr"].keys()


def phrases(lang: object) -> dict[str, str]:
    """The catalogue of that language. Raises InputError listing the known ones."""
    if not isinstance(lang, str) or lang not in PHRASES:
        raise choose("language", lang, PHRASES)
    return PHRASES[lang]
