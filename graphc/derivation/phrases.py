"""What a derivation says, in English and French: one row a phrase, one column a language.

French is written with « guillemets » and plain spaces here; the spaces that must not break
(before : ; ? ! and inside guillemets) are put in by `spaced`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..errors import choose
from .array_phrases import ARRAY_PHRASES

LANGUAGES = ("en", "fr")

PHRASES: Mapping[str, tuple[str, str]] = {
    "heading": ("Derivation of {goal}", "Calcul de {goal}"),
    "at": ("The numbers at the end of the lines are the values at {point}.",
           "Les nombres en fin de ligne sont les valeurs au point {point}."),
    "forward": ("Forward pass", "Propagation avant"),
    "forward_prose": ("Give every intermediate value a name, one operation at a time:",
                      "On donne un nom à chaque valeur intermédiaire, une opération à la fois :"),
    "forward_leaf": ("{f} is itself an input: there is nothing to compute.",
                     "{f} est elle-même une entrée : il n'y a rien à calculer."),
    "local": ("Local derivatives", "Dérivées locales"),
    "local_prose": ("Differentiate each operation by its own operands, and only where a path leads from {wrt} to {f}:",
                    "On dérive chaque opération par rapport à ses propres opérandes, uniquement le long des chemins "
                    "qui mènent de {wrt} à {f} :"),
    "chain": ("Chain rule, backwards", "Règle de la chaîne, à rebours"),
    "chain_prose": ("Write {vbar} for the adjoint {partial}. Start from {fbar} and go back: the adjoint of a value "
                    "is the adjoint of its user times the local derivative.",
                    "On note {vbar} l'« adjoint » {partial}. On part de {fbar} et l'on remonte : l'adjoint d'une "
                    "valeur est celui de la valeur qui l'utilise, multiplié par la dérivée locale."),
    "chain_more": ("Continue backwards with the chain rule:", "On continue à remonter par la règle de la chaîne :"),
    "paths": ("Sum over the paths", "Somme sur les chemins"),
    "paths_prose": ("{v} is used by {users}: {paths} paths lead from {v} to {f}, and their contributions add.",
                    "{v} intervient dans {users} : {paths} chemins mènent de {v} à {f}, et leurs contributions "
                    "s'ajoutent."),
    "paths_shared": ("{v} is used by {users}, whose contributions add. {paths} paths lead from {v} to {f}; each "
                     "adjoint is computed once, so {edges} terms are enough.",
                     "{v} intervient dans {users}, dont les contributions s'ajoutent. {paths} chemins mènent de {v} à "
                     "{f} ; chaque adjoint n'étant calculé qu'une fois, {edges} termes suffisent."),
    "result": ("Result", "Résultat"),
    "results": ("Results", "Résultats"),
    "result_prose": ("Substitute and simplify:", "On remplace et l'on simplifie :"),
    "independent": ("{f} does not depend on {w}, so this derivative is zero.",
                    "{f} ne dépend pas de {w} : cette dérivée est nulle."),
    "and": ("and", "et"),
    "relu": ("By convention {kink}.", "Par convention, {kink}."),
    "tie": ("By convention, at a tie each of the two operands of {f} receives one half of the adjoint.",
            "Par convention, en cas d'égalité chacun des deux opérandes de {f} reçoit la moitié de l'adjoint."),
    "constant": ("The function {f} is constant between its jumps: its derivative is taken to be zero.",
                 "La fonction {f} est constante entre ses sauts : sa dérivée est prise nulle."),
    "if": ("if", "si"),
    "otherwise": ("otherwise", "sinon"),
    **ARRAY_PHRASES,
}


def column(lang: str) -> int:
    """Which column a language has. Raises InputError listing the languages."""
    if lang not in LANGUAGES:
        raise choose("language", lang, LANGUAGES)
    return LANGUAGES.index(lang)


def phrase(key: str, lang: str) -> str:
    """The phrase, with slots open.

    >>> phrase("result_prose", "fr")
    'On remplace et l’on simplifie\\xa0:'
    """
    text = PHRASES[key][column(lang)]
    return spaced(text) if lang == "fr" else text


def spaced(text: str) -> str:
    """French spacing: no-break before a colon and inside guillemets, a thin no-break before ; ? !."""
    text = text.replace("« ", "«\u00a0").replace(" »", "\u00a0»").replace(" :", "\u00a0:")
    return re.sub(r" ([;?!])", "\u202f\\1", text).replace("'", "’")
