"""What a step-through page says: one row a phrase, one column a language (English, French).

French is written with plain spaces here; the spaces that must not break are put in by `said`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from .phrases import PHRASES as _CATALOGUE

LANGUAGES = tuple(_CATALOGUE)

PAGE: Mapping[str, tuple[str, str]] = {
    "name": ("English", "Français"),
    "title": ("Step by step: {f}", "Pas à pas : {f}"),
    "figure": ("Figure", "Figure"),
    "steps": ("Steps", "Étapes"),
    "table": ("Table of the values", "Tableau des valeurs"),
    "dynamic": ("Dynamic program", "Programmation dynamique"),
    "controls": ("Steps: controls", "Étapes : commandes"),
    "first": ("First", "Début"), "back": ("Back", "Précédent"), "next": ("Next", "Suivant"), "last": ("Last", "Fin"),
    "play": ("Play", "Lecture"), "pause": ("Pause", "Pause"),
    "slider": ("Step", "Étape"),
    "keys": ("Keys: ← → one step, Home and End, space to play.",
             "Touches : ← → un pas, Début et Fin, espace pour la lecture."),
    "node": ("value", "valeur"), "formula": ("formula", "formule"), "number": ("number", "nombre"),
    "shape": ("shape", "forme"),
    "contributions": ("sum of contributions", "somme des contributions"), "adjoint": ("adjoint", "adjoint"),
    "given": ("Given", "Données"), "ahead": ("Forward pass", "Propagation avant"),
    "behind": ("Backward pass", "Rétropropagation"),
    "adding": ("Sum", "Somme"), "done": ("Result", "Résultat"),
    "of": ("{n} of {all}", "{n} sur {all}"),
    "start numbers": ("The inputs and parameters have their values; each operation waits for its operands.",
                      "Les entrées et les paramètres ont leur valeur ; chaque opération attend ses opérandes."),
    "start symbols": ("The inputs and parameters are known; each operation waits for its operands.",
                      "Les entrées et les paramètres sont connus ; chaque opération attend ses opérandes."),
    "forward {v}": ("Compute {v} from {operands}.", "On calcule {v} à partir de {operands}."),
    "seed": ("The output with respect to itself: {v} changes by as much as {v}.",
             "La sortie par rapport à elle-même : {v} varie autant que {v}."),
    "backward {v}": ("From {v} to {operands}.", "De {v} vers {operands}."),
    "sum": ("{v} is used {times}: the contributions of all its paths add up.",
            "{v} sert {times} : les contributions de tous ses chemins s'ajoutent."),
    "twice": ("twice", "deux fois"), "times": ("{n} times", "{n} fois"),
    "waiting": ("{v} is used {times}; contributions so far: {k} of {n}.",
                "{v} sert {times} ; contributions reçues : {k} sur {n}."),
    "end": ("Each of the {edges} edges was visited once; a naive sum would run over {paths} paths.",
            "Chacune des {edges} arêtes a été visitée une seule fois ; une somme naïve porterait sur "
            "{paths} chemins."),
    "end one": ("Each of the {edges} edges was visited once; there is a single path.",
                "Chacune des {edges} arêtes a été visitée une seule fois ; il n'y a qu'un chemin."),
    "and": ("and", "et"),
}

# By op: what its gate does to the gradient that comes back. {y} is the name of its value.
HINTS: Mapping[str, tuple[str, str]] = {
    "add": ("+ hands the gradient on, unchanged, to every term.",
            "+ transmet le gradient, inchangé, à chaque terme."),
    "subtract": ("− hands the gradient on to the first operand, and changes its sign for the second.",
                 "− transmet le gradient au premier opérande et en change le signe pour le second."),
    "negative": ("− changes the sign of the gradient.", "− change le signe du gradient."),
    "multiply": ("× swaps the factors: each one receives the gradient times the other.",
                 "× échange les facteurs : chacun reçoit le gradient multiplié par l'autre."),
    "divide": ("÷ divides the gradient by the denominator; the denominator receives −{y} times that.",
               "÷ divise le gradient par le dénominateur ; celui-ci en reçoit −{y} fois autant."),
    "reciprocal": ("1/x multiplies the gradient by −{y}².", "1/x multiplie le gradient par −{y}²."),
    "square": ("A square multiplies the gradient by twice its operand.",
               "Le carré multiplie le gradient par deux fois son opérande."),
    "power": ("A power brings its exponent down in front and lowers it by one.",
              "La puissance fait descendre son exposant devant et le diminue de un."),
    "sqrt": ("√ divides the gradient by 2·{y}.", "√ divise le gradient par 2·{y}."),
    "exp": ("exp multiplies the gradient by its own value, {y}.", "exp multiplie le gradient par sa valeur, {y}."),
    "log": ("ln divides the gradient by its operand.", "ln divise le gradient par son opérande."),
    "relu": ("ReLU is a switch: it lets the gradient through where its operand is positive, and stops it elsewhere.",
             "ReLU est un interrupteur : elle laisse passer le gradient si son opérande est positif, et l'arrête "
             "sinon."),
    "leaky_relu": ("Leaky ReLU lets the gradient through where its operand is positive, and a small part elsewhere.",
                   "Leaky ReLU laisse passer le gradient si son opérande est positif, et une petite part sinon."),
    "sigmoid": ("σ multiplies the gradient by {y}(1 − {y}), at most 1/4.",
                "σ multiplie le gradient par {y}(1 − {y}), au plus 1/4."),
    "tanh": ("tanh multiplies the gradient by 1 − {y}².", "tanh multiplie le gradient par 1 − {y}²."),
    "softplus": ("Softplus multiplies the gradient by σ of its operand.",
                 "Softplus multiplie le gradient par σ de son opérande."),
    "sin": ("sin multiplies the gradient by cos of its operand.",
            "sin multiplie le gradient par le cos de son opérande."),
    "cos": ("cos multiplies the gradient by −sin of its operand.",
            "cos multiplie le gradient par −sin de son opérande."),
    "absolute": ("|x| multiplies the gradient by the sign of its operand.",
                 "|x| multiplie le gradient par le signe de son opérande."),
    "maximum": ("max routes the gradient to the larger operand; the other receives 0.",
                "max aiguille le gradient vers le plus grand opérande ; l'autre reçoit 0."),
    "minimum": ("min routes the gradient to the smaller operand; the other receives 0.",
                "min aiguille le gradient vers le plus petit opérande ; l'autre reçoit 0."),
    "max": ("max routes the gradient to the largest element; the others receive 0.",
            "max aiguille le gradient vers le plus grand élément ; les autres reçoivent 0."),
    "min": ("min routes the gradient to the smallest element; the others receive 0.",
            "min aiguille le gradient vers le plus petit élément ; les autres reçoivent 0."),
    "where": ("where routes the gradient to the branch taken; the other receives 0.",
              "where aiguille le gradient vers la branche choisie ; l'autre reçoit 0."),
    "sum": ("A sum hands a copy of the gradient to every element.",
            "La somme transmet une copie du gradient à chaque élément."),
    "mean": ("A mean shares the gradient equally between its elements.",
             "La moyenne partage le gradient également entre ses éléments."),
    "matmul": ("A matrix product swaps its factors, transposed, each on its own side.",
               "Le produit matriciel échange ses facteurs, transposés, chacun de son côté."),
    "softmax": ("Softmax subtracts from the gradient its mean under {y}, then multiplies by {y}.",
                "Softmax retranche au gradient sa moyenne pondérée par {y}, puis multiplie par {y}."),
    "log_softmax": ("log softmax subtracts the softmax times the sum of the gradient.",
                    "log softmax retranche le softmax multiplié par la somme du gradient."),
    "logsumexp": ("Logsumexp shares the gradient out by the softmax of its operand.",
                  "Logsumexp répartit le gradient selon le softmax de son opérande."),
    "softmax_cross_entropy": ("Softmax with cross-entropy: the gradient is predicted minus true probabilities.",
                              "Softmax et entropie croisée : le gradient est la probabilité prédite moins la vraie."),
    "sigmoid_cross_entropy": ("Sigmoid with cross-entropy: the gradient is the predicted minus the true probability.",
                              "Sigmoïde et entropie croisée : le gradient est la probabilité prédite moins la vraie."),
    "transpose": ("A transpose hands the gradient back transposed.", "La transposition rend le gradient transposé."),
    "reshape": ("A reshape hands the gradient back in the old shape.",
                "Le changement de forme rend le gradient dans l'ancienne forme."),
    "broadcast_to": ("What was copied is added up: the gradient is summed over the copies.",
                     "Ce qui a été copié s'ajoute : le gradient est sommé sur les copies."),
    "concatenate": ("The gradient is cut where the pieces were joined.",
                    "Le gradient est découpé là où les morceaux ont été joints."),
    "stack": ("The gradient is cut where the pieces were joined.",
              "Le gradient est découpé là où les morceaux ont été joints."),
    "getitem": ("The gradient goes back to the elements that were taken; the others receive 0.",
                "Le gradient revient aux éléments choisis ; les autres reçoivent 0."),
    "gather": ("The gradient goes back to the elements that were taken, and adds up where one is taken often.",
               "Le gradient revient aux éléments choisis, et s'ajoute là où l'un est pris plusieurs fois."),
    "conv": ("A convolution hands back a convolution with the kernel flipped.",
             "La convolution rend une convolution par le noyau retourné."),
    "max_pool": ("Max pooling routes the gradient to the largest element of each window.",
                 "Le max pooling aiguille le gradient vers le plus grand élément de chaque fenêtre."),
    "einsum": ("An einsum hands each factor the einsum of the gradient with the others.",
               "L'einsum rend à chaque facteur l'einsum du gradient avec les autres."),
    "stop_gradient": ("Here the gradient stops.", "Ici, le gradient s'arrête."),
    "broadcast": ("What was broadcast receives the sum over its copies.",
                  "Ce qui a été diffusé reçoit la somme sur ses copies."),
    "*": ("The gate multiplies the gradient by its local derivative.",
          "La porte multiplie le gradient par sa dérivée locale."),
    "* tensor": ("The gate applies its transposed Jacobian to the gradient.",
                 "La porte applique au gradient sa jacobienne transposée."),
}
SAME = {"safe_divide": "divide", "fmax": "maximum", "fmin": "minimum", "take_along_axis": "gather"}


def said(key: str, lang: str, **slots: object) -> str:
    """The phrase in that language, its slots filled.

    >>> said("title", "fr", f="f")
    'Pas à pas\\xa0: f'
    """
    return _spaced(PAGE[key][LANGUAGES.index(lang)], lang).format(**slots)


def hint(op: str, lang: str, y: str, tensor: bool = False) -> str:
    """What the gate of that op does to the gradient.

    >>> hint("sigmoid", "en", "a")
    'σ multiplies the gradient by a(1 − a), at most 1/4.'
    """
    row = HINTS.get(SAME.get(op, op)) or HINTS["* tensor" if tensor else "*"]
    return _spaced(row[LANGUAGES.index(lang)], lang).replace("{y}", y)


def _spaced(text: str, lang: str) -> str:
    """French spacing: no-break before a colon, a thin no-break before ; ? !."""
    if lang != "fr":
        return text
    return re.sub(r" ([;?!])", "\u202f\\1", text.replace(" :", "\u00a0:")).replace("'", "’")
