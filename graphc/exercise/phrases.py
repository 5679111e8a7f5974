"""What a student is told about marks, in English and French: one row a phrase. French spacing is put in by `say`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..checking.phrases import safe
from ..checking.phrases import say as said_of_answers
from ..derivation.phrases import column, spaced

PHRASES: Mapping[str, tuple[str, str]] = {
    # -- reading ------------------------------------------------------------------------------------
    "too_long": ("the answer is longer than {limit} characters", "la réponse dépasse {limit} caractères"),
    "many_entries": ("more than {limit} entries", "plus de {limit} coefficients"),
    "ragged": ("the rows have different lengths", "les lignes sont de longueurs différentes"),
    "entry": ("entry {place}: {why}", "coefficient {place} : {why}"),
    "unreadable": ("I could not read this answer: {why}", "Je n'ai pas pu lire cette réponse : {why}"),
    "formula_for_number": ("I could read this as a formula, but a number is asked: put in the numbers given.",
                           "Je lis ici une formule, mais un nombre est demandé : remplacez par les nombres donnés."),
    "left": ("the left side speaks of {got}, the question of {need}",
             "le membre de gauche parle de {got}, la question de {need}"),
    "no_value": ("Your answer has no value (a division by zero, the logarithm or the root of a negative number).",
                 "Votre réponse n'a pas de valeur (division par zéro, logarithme ou racine d'un nombre négatif)."),
    # -- marks --------------------------------------------------------------------------------------
    "correct": ("Correct.", "Correct."),
    "missing": ("No answer.", "Pas de réponse."),
    "number_wrong": ("Not correct: you gave {got}; {what} is {need}.",
                     "Incorrect : vous donnez {got} ; {what} vaut {need}."),
    "place_wrong": ("Not correct: entry {place} does not agree; you gave {got}, {what} is {need}.",
                    "Incorrect : le coefficient {place} ne convient pas ; vous donnez {got}, {what} vaut {need}."),
    "shape_wrong": ("Not correct: your answer is {got}; {what} is {need}.",
                    "Incorrect : votre réponse est {got} ; {what} est {need}."),
    "layout_wrong": ("These are the right numbers, transposed: this exercise asks for the {layout} layout, {need}.",
                     "Ce sont les bons nombres, transposés : cet exercice demande la disposition {layout}, {need}."),
    "layout denominator": ("denominator", "« dénominateur »"),
    "layout numerator": ("numerator", "« numérateur »"),
    "a_number": ("a number", "un nombre"),
    "too_few_digits": ("Right as far as its digits go, but rounded too early: give {digits} significant digits or "
                       "more, or an exact number.",
                       "Juste pour les chiffres donnés, mais arrondi trop tôt : donnez au moins {digits} chiffres "
                       "significatifs, ou un nombre exact."),
    "exact_needed": ("Right as far as its digits go, but an exact number is asked: a fraction or a root, say.",
                     "Juste pour les chiffres donnés, mais un nombre exact est demandé, une fraction ou une racine "
                     "par exemple."),
    "follows": ("Right, given your answer for {parts}: the mistake is there, not here.",
                "Juste, compte tenu de votre réponse pour {parts} : l'erreur est là, pas ici."),
    "follows_many": ("Right, given your answers for {parts}: the mistakes are there, not here.",
                     "Juste, compte tenu de vos réponses pour {parts} : les erreurs sont là, pas ici."),
    "follows_on": ("Right, given your answer for {parts}; the mistake is farther back.",
                   "Juste, compte tenu de votre réponse pour {parts} ; l'erreur est en amont."),
    "follows_rounded": ("Correct, given your rounded answer for {parts}.",
                        "Correct, compte tenu de votre réponse arrondie pour {parts}."),
    "follows_share": ("An answer that follows counts for {share} of the points.",
                      "Une réponse qui en découle compte pour {share} des points."),
    "compatible": ("This number is compatible with: {text}", "Ce nombre est compatible avec : {text}"),
    "undecided_number": ("This number could not be decided: {why}", "Ce nombre n'a pas pu être décidé : {why}"),
    "transposed_layout": ("Your layout is the transposed one, which is fine here.",
                          "Votre disposition est la transposée, ce qui convient ici."),
    # -- names of quantities ------------------------------------------------------------------------
    "value": ("the value of {of}", "la valeur de {of}"),
    "total": ("∂{of}/∂{wrt}", "∂{of}/∂{wrt}"),
    "local": ("the local derivative ∂{of}/∂{wrt}", "la dérivée locale ∂{of}/∂{wrt}"),
    "shape": ("the shape of {of}", "la forme de {of}"),
    "shape total": ("the shape of ∂{of}/∂{wrt}", "la forme de ∂{of}/∂{wrt}"),
    "cost multiply_adds": ("the number of multiply-adds", "le nombre de multiplications-additions"),
    "cost flops": ("the number of operations", "le nombre d'opérations"),
    "cost parameters": ("the number of parameters", "le nombre de paramètres"),
    "scalar": ("that of a scalar", "celle d'un scalaire"),
    "shape_form": ("a shape is written as sizes, such as (3, 4) or 3×4; () is that of a scalar",
                   "une forme s'écrit par ses tailles, comme (3, 4) ou 3×4 ; () est celle d'un scalaire"),
    "formula": ("the formula of {what}", "la formule de {what}"),
    "and": ("and", "et"),
    "points": ("points", "points"),
    # -- is an exercise well-posed ------------------------------------------------------------------
    "fault": ("", ""),
    "advice": ("advice: ", "conseil : "),
    "of_students": ("({count} of {all} students)", "({count} sur {all} élèves)"),
    "all_well": ("Well-posed; students tried: {count}.", "Bien posé ; élèves essayés : {count}."),
    "not_well": ("To be mended; students tried: {count}.", "À corriger ; élèves essayés : {count}."),
    "answer": ("your answer {answer} is not accepted. {why}", "votre réponse {answer} n'est pas acceptée. {why}"),
    "own_answer": ("the grader does not accept graphc's own answer to {part}. {why}",
                   "la correction n'accepte pas la réponse de graphc à {part}. {why}"),
    "no_numbers": ("{why}", "{why}"),
    "kink": ("{part} is on a kink or a tie at these numbers: its derivative is a matter of convention.",
             "{part} est sur un point anguleux ou une égalité avec ces nombres : sa dérivée est affaire de "
             "convention."),
    "not_finite": ("{part} is not finite at these numbers.", "{part} n'est pas fini avec ces nombres."),
    "never_exact": ("{part} is no fraction, and with tolerance = 0 no decimal answer is right; give a tolerance.",
                    "{part} n'est pas une fraction, et avec tolerance = 0 aucune réponse décimale n'est juste ; "
                    "donnez une tolérance."),
    "all_zero": ("every answer to question {question} is 0 at these numbers, so that nothing can be told from them.",
                 "toutes les réponses à la question {question} sont nulles avec ces nombres, qui ne distinguent rien."),
    "long_number": ("{part} is a long number, {value}.", "{part} est un nombre long, {value}."),
    "slip": ("at these numbers a slip gives the right number for {part}, too, such as this: {slip}",
             "avec ces nombres, une erreur donne aussi le bon nombre pour {part}, par exemple : {slip}"),
    "mask": ("no student's numbers show this slip in {part}: {slip}",
             "les nombres d'aucun élève ne révèlent cette erreur dans {part} : {slip}"),
    "hides": ("{name} is {value}, which hides what is done with it; draw it from other values.",
              "{name} vaut {value}, ce qui cache ce qu'on en fait ; tirez-le parmi d'autres valeurs."),
    # -- notes --------------------------------------------------------------------------------------
    "stray_question": ("{key} is no question of this exercise; the questions are {known}",
                       "{key} n'est pas une question de cet exercice ; les questions sont {known}"),
    "stray_part": ("question {question} has no part {key}; its parts are {known}",
                   "la question {question} n'a pas de partie {key} ; ses parties sont {known}"),
    "many_parts": ("question {question} has {count} parts; answer each by its name: {known}",
                   "la question {question} compte {count} parties ; répondez à chacune par son nom : {known}"),
    "twice": ("{key} is answered twice; the first answer counts", "{key} a deux réponses ; la première compte"),
    "not_text": ("{key} is {kind}, and neither text nor a number", "{key} est de type {kind}, ni texte ni nombre"),
}  # fmt: skip


def say(lang: str, phrase: str, /, **parts: Any) -> str:
    """The phrase in this language, its holes filled in.

    >>> say("fr", "entry", place=2, why="x")
    'coefficient 2\\xa0: x'
    """
    text = PHRASES[phrase][column(lang)]
    return (spaced(text) if lang == "fr" else text).format(**parts)


def reason(error: Exception, lang: str) -> str:
    """Why a reading stopped, in this language: a limit on what is read carries its phrase, with its numbers.

    >>> from graphc.checking import parse_graph
    >>> try: parse_graph("2^(10^8)")
    ... except Exception as error: print(reason(error, "fr").replace("\\xa0", " "))
    un exposant de 100000000 dépasse la limite de 9999
    """
    phrase = getattr(error, "phrase", "")
    return said_of_answers(lang, phrase, **getattr(error, "parts", {})) if phrase else str(error)


def quoted(text: str, lang: str) -> str:
    """What somebody typed, in the quotation marks of the language, safe to print.

    >>> quoted("q9", "en"), quoted("q9", "fr")
    ("'q9'", '«\\xa0q9\\xa0»')
    """
    return f"«\u00a0{safe(text)}\u00a0»" if lang == "fr" else safe(repr(text))


def listed(items: Sequence[str], lang: str) -> str:
    """a, b and c."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {say(lang, 'and')} {items[-1]}"
