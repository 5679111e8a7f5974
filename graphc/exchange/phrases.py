"""What exported questions say to a student, and what the import says to a teacher: English and French, one row each."""

from __future__ import annotations

from collections.abc import Mapping

from ..derivation.phrases import column, spaced

PHRASES: Mapping[str, tuple[str, str]] = {
    # -- for students -------------------------------------------------------------------------------------------
    "question": ("Question {number}", "Question {number}"),
    "answers": ("Numbers", "Nombres"),
    "variant": ("numbers {number}", "nombres {number}"),
    "type": ("To type: {names}.", "À la saisie : {names}."),
    "type renamed": ("{code} for {name}", "{code} pour {name}"),
    "type pos": ("{code} is 1 where {name}, else 0", "{code} vaut 1 où {name}, 0 ailleurs"),
    "correct": ("Correct.", "Correct."),
    "not correct": ("Not correct.", "Incorrect."),
    "partly": ("Partly correct.", "En partie correct."),
    "unrecognised": ("This is not the derivative asked for, nor one that a single common slip would give.",
                     "Ce n'est pas la dérivée demandée, ni celle que donnerait une seule erreur courante."),
    "look back": ("The derivative is {formula}.", "La dérivée est {formula}."),
    "diagram": ("Computation graph", "Graphe de calcul"),
    "do not use": ("graphc: the source of this exercise, not a question",
                   "graphc : la source de cet exercice, pas une question"),
    "source": ("This entry keeps the source of the exercise, for an import back into graphc. It asks nothing: "
               "leave it out of the quiz.",
               "Cette entrée conserve la source de l'exercice, pour un retour vers graphc. Elle ne pose pas de "
               "question : ne pas la mettre dans le test."),
    "model answer": ("Model answer", "Corrigé"),
    # -- the LaTeX document --------------------------------------------------------------------------------------
    "name": ("Name", "Nom"),
    "total": ("Total", "Total"),
    "point": ("point", "point"),
    "points": ("points", "points"),
    "derivation": ("Derivation", "Calcul détaillé"),
    # -- notes of the export -------------------------------------------------------------------------------------
    "no stack": ("question {number}, {part}: no STACK question, since {why}; it is an essay with the model answer",
                 "question {number}, {part} : pas de question STACK, car {why} ; c'est une composition avec corrigé"),
    "array": ("the derivative is an array", "la dérivée est un tableau"),
    "counted": ("sizes or counts are asked", "des tailles ou des nombres d'opérations sont demandés"),
    "no points": ("at no point tried are it and the function defined",
                  "en aucun des points essayés elle et la fonction ne sont définies"),
    "no stack numbers": ("the numbers are asked in Cloze questions, not STACK: {why}",
                         "les nombres sont demandés par des questions Cloze, et non STACK : {why}"),
    "scaled": ("the marks of the Cloze questions are {scale} times the points, since Moodle counts them in whole "
               "numbers: set the maximum mark in the quiz",
               "les notes des questions Cloze sont {scale} fois les points, car Moodle les compte en nombres entiers : "
               "fixer la note maximale dans le test"),
    "same numbers": ("{got} different sets of numbers were found, not {asked}",
                     "{got} jeux de nombres différents ont été trouvés, et non {asked}"),
    "too large": ("question {number}, {part}: too many numbers for boxes",
                  "question {number}, {part} : trop de nombres pour des cases"),
    # -- notes of the import -------------------------------------------------------------------------------------
    "edited source": ("the source inside the file was edited by hand (its checksum differs); it was taken as it is",
                      "la source dans le fichier a été modifiée à la main (sa somme de contrôle diffère) ; elle est "
                      "prise telle quelle"),
    "other words": ("another version of graphc wrote the file, in other words: of its edits, points alone are taken "
                    "over",
                    "une autre version de graphc a écrit le fichier, en d'autres termes : de ses modifications, seuls "
                    "les points sont repris"),
    "taken": ("question {number}: {field} was edited in the file; taken: {value}",
              "question {number} : {field} a été modifié dans le fichier ; repris : {value}"),
    "taken top": ("{field} was edited in the file; taken: {value}",
                  "{field} a été modifié dans le fichier ; repris : {value}"),
    "not taken": ("{where}: {field} was edited in the file; not taken, the exercise's own stands",
                  "{where} : {field} a été modifié dans le fichier ; non repris, celui de l'exercice reste"),
    "gone": ("{where} is missing from the file; the exercise still has it",
             "{where} manque dans le fichier ; l'exercice le garde"),
    "extra": ("{where} was added to the file; not taken", "{where} a été ajouté au fichier ; non repris"),
    "at odds": ("question {number}: {field} was edited, but not the same way everywhere; not taken",
                "question {number} : {field} a été modifié, mais pas partout de même ; non repris"),
    "foreign not taken": ("{name!r} was not taken: {why}", "{name!r} n'a pas été repris : {why}"),
    "foreign kind": ("a question of type {kind}; STACK and numerical questions are taken",
                     "une question de type {kind} ; on reprend les questions STACK et numériques"),
    "foreign numerical": ("a numerical question has a number but no function to ask about",
                          "une question numérique a un nombre, mais pas de fonction sur laquelle interroger"),
    "foreign otherwise": ("nothing that its text seems to ask has the value that it takes for right",
                          "rien de ce que son texte semble demander n'a la valeur qu'elle tient pour juste"),
    "foreign cloze": ("a Cloze question has answers but no function to ask about",
                      "une question Cloze a des réponses, mais pas de fonction sur laquelle interroger"),
    "foreign no derivative": ("no answer of it is the derivative of a function that it gives",
                              "aucune de ses réponses n'est la dérivée d'une fonction qu'elle donne"),
    "foreign several": ("it asks for derivatives of several functions",
                        "elle demande les dérivées de plusieurs fonctions"),
    "foreign drawn": ("{name!r}: its random numbers were drawn once; the exercise has these for all",
                      "{name!r} : ses nombres aléatoires ont été tirés une fois ; l'exercice les a pour tous"),
    "foreign slips": ("{name!r}: {count} feedback nodes were left behind; graphc names slips by itself",
                      "{name!r} : {count} nœuds de rétroaction n'ont pas été repris ; graphc nomme lui-même les "
                      "erreurs"),
    "foreign changed": ("its function would not be the same", "sa fonction ne serait plus la même"),
    "foreign nothing": ("no question of {name} could be taken:\n{notes}",
                        "aucune question de {name} n'a pu être reprise :\n{notes}"),
}  # fmt: skip


def said(key: str, lang: str, **slots: object) -> str:
    """The phrase with its slots filled, with French spaces.

    >>> said("type", "fr", names="w1")
    'À la saisie\\xa0: w1.'
    """
    text = PHRASES[key][column(lang)]
    return (spaced(text) if lang == "fr" else text).format_map(slots)
