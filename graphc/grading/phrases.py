"""What batch grading says, English and French side by side; one row, one phrase."""

from __future__ import annotations

from typing import Any

LANGUAGES = ("en", "fr")

PHRASES: dict[str, tuple[str, str]] = {
    # -- files that could not be read ---------------------------------------------------------------
    "top": ("answers stand in a table, or in a list of tables",
            "les réponses forment une table, ou une liste de tables"),
    "item": ("item {number} of the list is no table of answers",
             "l'élément {number} de la liste n'est pas une table de réponses"),
    "student_text": ("the student's name must be text, or a number",
                     "le nom de l'élève doit être un texte, ou un numéro"),
    "twice": ("{name} is given twice", "{name} est donné deux fois"),
    "many_answers": ("more than {limit} answers", "plus de {limit} réponses"),
    "not_text": ("the answer to {name} is no text, number or list of numbers",
                 "la réponse à {name} n'est ni un texte, ni un nombre, ni une liste de nombres"),
    "ending": ("a file ending in {ending} is not read; known are {known}",
               "un fichier en {ending} ne se lit pas ; sont connus {known}"),
    "link": ("it is a link that leads out of the folder", "c'est un lien qui mène hors du dossier"),
    "folder": ("it is a folder in a student's folder, or a link to a folder; neither is entered",
               "c'est un dossier dans celui d'un élève, ou un lien vers un dossier ; on n'y entre pas"),
    "link_inside": ("it is a link, which is not followed", "c'est un lien, qui n'est pas suivi"),
    "several_students": ("it holds answers of {count} students, and stands in the folder of one",
                         "il contient les réponses de {count} élèves, et se trouve dans le dossier d'un seul"),
    "elsewhere": ("{name} is answered in an earlier file of this student, by name, which counts; this file is left out",
                  "{name} a une réponse dans un fichier de cet élève qui précède par ordre de nom, et qui compte ; "
                  "celui-ci est écarté"),
    "many_inside": ("more than {limit} files", "plus de {limit} fichiers"),
    "a_report": ("it is the report of an earlier run", "c'est le rapport d'une correction précédente"),
    "online_left": ("it is left out, as there are other files of this student",
                    "il est écarté, car il y a d'autres fichiers de cet élève"),
    "html": ("not HTML", "ce n'est pas du HTML"),
    "no_file": ("it is no plain file", "ce n'est pas un fichier ordinaire"),
    "system": ("the system refuses: {reason}", "le système refuse : {reason}"),
    "large": ("it has more than {limit} MB", "il dépasse {limit} Mo"),
    "empty": ("the file is empty", "le fichier est vide"),
    "nothing": ("there is no answer in it", "il ne contient aucune réponse"),
    "no_answers": ("there is no answer in it; see how answers are marked in `graphc grade --help`",
                   "il ne contient aucune réponse ; `graphc grade --help` dit comment les marquer"),
    "encoding": ("the text is not UTF-8", "le texte n'est pas en UTF-8"),
    "deep": ("lists or tables are nested too deeply, or a number is too long",
             "listes ou tables trop imbriquées, ou nombre trop long"),
    "toml": ("not TOML: {reason}", "ce n'est pas du TOML : {reason}"),
    "json": ("not JSON: {reason}", "ce n'est pas du JSON : {reason}"),
    "csv": ("not a row of a table: {reason}", "ce n'est pas une ligne de tableau : {reason}"),
    "no_student_column": ("the first row names no column `student`",
                          "la première ligne ne nomme pas de colonne `student`"),
    "no_student": ("the row names no student", "la ligne ne nomme pas d'élève"),
    "cells": ("the row has {got} cells, the first row {need}", "la ligne a {got} cellules, la première {need}"),
    "brace": ("two pairs of braces follow \\answer", "\\answer est suivi de deux paires d'accolades"),
    "unclosed": ("a brace is never closed", "une accolade n'est jamais fermée"),
    "no_end": ("\\begin{{answers}} has no \\end{{answers}}", "\\begin{{answers}} n'a pas de \\end{{answers}}"),
    "item_name": ("\\item needs the name of its part, as in \\item[q1.z]",
                  "\\item porte le nom de sa partie, comme dans \\item[q1.z]"),
    "reader_stopped": ("reading it was stopped: {why}", "la lecture a été arrêtée : {why}"),
    # -- a worker that was stopped --------------------------------------------------------------------
    "limit_time": ("it took longer than the limit of {timeout} s", "le calcul a dépassé la limite de {timeout} s"),
    "limit_memory": ("it needed more memory than the limit of {memory} MB",
                     "le calcul a dépassé la limite de mémoire de {memory} Mo"),
    "limit_size": ("its result was longer than the limit", "le résultat dépasse la longueur permise"),
    "limit_signal": ("the process that checked it was stopped ({name})",
                     "le processus qui la vérifiait a été arrêté ({name})"),
    "limit_error": ("the checker failed on it ({name})", "le vérificateur a échoué ({name})"),
    "limit_given_up": ("checking {most} other answers of this submission had to be stopped",
                       "la vérification de {most} autres réponses de cette copie a dû être arrêtée"),
    "stopped": ("Undecided: {why}. A person looks at this answer.",
                "Indécis : {why}. Une personne regardera cette réponse."),
    # -- progress and the command -----------------------------------------------------------------------
    "reading": ("reading", "lecture"),
    "grading": ("grading", "correction"),
    "left": ("{time} left", "encore {time}"),
    "summary": ("{students} students graded, mean {mean} of {most} points.",
                "{students} copies corrigées, moyenne {mean} sur {most} points."),
    "summary_one": ("1 student graded, {mean} of {most} points.", "1 copie corrigée, {mean} sur {most} points."),
    "reused": ("{n} of these were graded before and are unchanged.", "Dont {n} déjà corrigées et inchangées."),
    "to_look_at": ("{n} answers are undecided: a person looks at them.",
                   "{n} réponses restent indécises : une personne doit les regarder."),
    "to_look_at_one": ("1 answer is undecided: a person looks at it.",
                       "1 réponse reste indécise : une personne doit la regarder."),
    "unread_files": ("{n} files or rows could not be read; the report says why.",
                     "{n} fichiers ou lignes n'ont pas pu être lus ; le rapport dit pourquoi."),
    "unread_files_one": ("1 file or row could not be read: {place}: {why}",
                         "1 fichier ou ligne n'a pas pu être lu : {place} : {why}"),
    "interrupted": ("Stopped. What is graded is kept; the same command goes on from there.",
                    "Arrêté. Ce qui est corrigé est gardé ; la même commande reprend à cet endroit."),
    # -- statuses -----------------------------------------------------------------------------------------
    "correct": ("right", "juste"),
    "follows": ("follows from an earlier answer", "découle d'une réponse précédente"),
    "wrong": ("wrong", "faux"),
    "undecided": ("undecided", "indécis"),
    "invalid": ("not readable", "illisible"),
    "missing": ("no answer", "sans réponse"),
    # -- the report -----------------------------------------------------------------------------------------
    "report": ("Report", "Rapport"),
    "students": ("Students", "Élèves"),
    "student": ("student", "élève"),
    "mean": ("mean", "moyenne"),
    "median": ("median", "médiane"),
    "of_points": ("{got} of {most}", "{got} sur {most}"),
    "points": ("points", "points"),
    "total": ("total", "total"),
    "part": ("part", "partie"),
    "questions": ("Questions", "Questions"),
    "asked": ("what is asked", "ce qui est demandé"),
    "answers_head": ("answers", "réponses"),
    "mean_points": ("mean points", "points, moyenne"),
    "discrimination": ("discrimination", "discrimination"),
    "discrimination_note": (
        "Discrimination is the correlation of the points of a part with those of all other parts: near 0 or below, the "
        "part says little about a student, or is misunderstood.",
        "La discrimination est la corrélation des points d'une partie avec ceux de toutes les autres : proche de 0 ou "
        "négative, la partie en dit peu sur un élève, ou elle est mal comprise."),
    "spread": ("Points", "Points"),
    "spread_axis": ("students by points, of {most}", "élèves selon leurs points, sur {most}"),
    "slips": ("The most common slips", "Les erreurs les plus fréquentes"),
    "no_slips": ("No slip was named.", "Aucune erreur n'a été nommée."),
    "slip": ("slip", "erreur"),
    "count": ("count", "nombre"),
    "example": ("an example", "un exemple"),
    "look": ("For a person to look at", "À regarder par une personne"),
    "look_note": ("Undecided answers count 0 points here until someone has looked at them.",
                  "Les réponses indécises comptent ici 0 point tant que personne ne les a regardées."),
    "nothing_to_look_at": ("Nothing: every answer that could be read is decided.",
                           "Rien : chaque réponse lisible est décidée."),
    "answer": ("answer", "réponse"),
    "why": ("why", "pourquoi"),
    "unread": ("Could not be read", "N'a pas pu être lu"),
    "place": ("file", "fichier"),
    "not_read": ("files or rows not read", "fichiers ou lignes non lus"),
    "numbers": ("Your numbers:", "Vos nombres :"),
    "replaced": ("Handed in twice", "Rendu deux fois"),
    "replaced_note": ("{place} is graded, the later by name; {earlier} is left out.",
                      "{place} est corrigé, le dernier par ordre de nom ; {earlier} est écarté."),
    "note": ("note", "remarque"),
    "not_graded": ("could not be read: {why}", "illisible : {why}"),
    "back": ("All students", "Tous les élèves"),
    "yours": ("your answer", "votre réponse"),
    "no_answer": ("(none)", "(aucune)"),
    "read_as": ("read as", "lu"),
    "certainty": ("how sure", "certitude"),
    "at_least": ("at least {got}", "au moins {got}"),
    "open_parts": ("{n} of your answers will be looked at by a person; they may still bring points.",
                   "{n} de vos réponses seront regardées par une personne ; elles peuvent encore valoir des points."),
    "open_part": ("One of your answers will be looked at by a person; it may still bring points.",
                  "Une de vos réponses sera regardée par une personne ; elle peut encore valoir des points."),
    "nobody": ("No student was graded.", "Aucune copie n'a été corrigée."),
}


def say(lang: str, key: str, **parts: Any) -> str:
    """The phrase in this language, its holes filled in.

    >>> say("fr", "large", limit=32), say("en", "twice", name="q1")
    ('il dépasse 32\\xa0Mo', 'q1 is given twice')
    """
    phrase = PHRASES[key][LANGUAGES.index(lang)]
    return (spaced(phrase) if lang == "fr" else phrase).format(**parts)


def plural(lang: str, key: str, n: int, **parts: Any) -> str:
    """`key`, or `key_one` for one."""
    return say(lang, f"{key}_one" if n == 1 else key, n=n, **parts)


def spaced(text: str) -> str:
    """French: spaces that do not break before ; ? ! : and inside « », and between a number and its unit.

    >>> spaced("pourquoi : « q1 » ; 32 Mo")
    'pourquoi\\xa0: «\\xa0q1\\xa0»\\u202f; 32\\xa0Mo'
    """
    for sign in ";?!":
        text = text.replace(f" {sign}", f"\u202f{sign}")
    for plain, kept in ((" :", "\u00a0:"), ("« ", "«\u00a0"), (" »", "\u00a0»"), (" Mo", "\u00a0Mo")):
        text = text.replace(plain, kept)
    return text
