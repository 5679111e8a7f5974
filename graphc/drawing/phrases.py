"""The words of a figure, one row a language."""

from __future__ import annotations

from ..errors import choose

PHRASES: dict[str, dict[str, str]] = {
    "en": {
        "value": "forward value", "name": "value", "shape": "shape", "gradient": "gradient",
        "local": "local derivative", "handed": "contribution", "done": "done to the adjoint",
        "data": "data", "parameter": "parameter",
        "constant": "constant", "operation": "operation", "function": "function", "output": "output",
        "adjoint": "adjoint",
        "program title": "Program of {f}: statements from top to bottom, and the memory that each value lies in",
        "workspace": "workspace", "loop": "(a loop over blocks of arrays)",
        "arrays": "arrays of the call", "numbers": "numbers", "live": "bytes still needed",
        "kept": "Workspace, kept from call to call: {kept} bytes; a call has at most {peak} bytes.",
        "peak of a call": "A call has at most {peak} bytes.", "peak": "at most {bytes} bytes",
        "peak numbers": "at most {n} numbers", "in memory": "value in memory", "result": "result",
        "forward": "forward", "backward": "backward", "live numbers": "numbers still needed",
        "forward title": "Computation graph of {f}",
        "circuit title": "Computation graph of {f}, with values and gradients",
        "values title": "Computation graph of {f}, with values",
        "backward title": "Backward graph of {f}: adjoints from the output to the inputs",
        "value is": "{name} = {formula} = {value}", "name is": "{name} = {formula}",
        "adjoint is": "gradient of {name}: {value}",
        "blank": "Exercise — fill in {what}", "blank values": "the values", "blank gradients": "the gradients",
        "blank all": "the values and the gradients",
        "stretch": "operations {first} to {last}",
        "folded": "Drawn once for {index}: {count} times {operations}",
        "folded more": "and {n} more", "operations": "{n} operations", "operations one": "1 operation",
        "closed": "{count} boxes stand for {operations}", "closed one": "1 box stands for {operations}",
        "scope layer norm": "Layer norm", "scope batch norm": "Batch norm", "scope group norm": "Group norm",
        "scope instance norm": "Instance norm", "scope RMS norm": "RMS norm", "scope attention": "Attention",
        "scope multi-head attention": "Multi-head attention",
        "small": 'the labels print at {size} pt on an A4 page ({least} pt at least to read well): draw with '
                 'rankdir="TB", or draw a part of the graph',
        "small turned": "the labels print at {size} pt on an A4 page ({least} pt at least to read well): draw a part "
                        "of the graph",
        "faint": "theme {theme}: {name} {colour} on {ground} has a contrast of {ratio} (4.5 at least to read well)",
        "table title": "Backward pass of {f} as a table", "table node": "value", "table value": "forward",
        "table users": "used by", "table handed": "contribution of each", "table adjoint": "adjoint: their sum",
        "table caption": "Edges visited, once each: {edges}. Paths that a naive sum would walk: {paths}.",
    },
    "fr": {
        "value": "valeur (avant)", "name": "valeur", "shape": "forme", "gradient": "gradient (arrière)",
        "local": "dérivée locale", "handed": "contribution", "done": "appliqué à l’adjoint",
        "data": "donnée", "parameter": "paramètre",
        "constant": "constante", "operation": "opération", "function": "fonction", "output": "sortie",
        "adjoint": "adjoint",
        "program title": "Programme de {f}\u00a0: les instructions de haut en bas, "
                         "et la mémoire où se trouve chaque valeur",
        "workspace": "espace de travail", "loop": "(une boucle sur des blocs de tableaux)",
        "arrays": "tableaux de l’appel", "numbers": "nombres",
        "live": "octets encore utiles",
        "kept": "Espace de travail, gardé d’un appel à l’autre\u00a0: {kept} octets\u00a0; "
                "un appel occupe au plus {peak} octets.",
        "peak of a call": "Un appel occupe au plus {peak} octets.", "peak": "au plus {bytes} octets",
        "peak numbers": "au plus {n} nombres", "in memory": "valeur en mémoire", "result": "résultat",
        "forward": "passe avant", "backward": "passe arrière", "live numbers": "nombres encore utiles",
        "forward title": "Graphe de calcul de {f}",
        "circuit title": "Graphe de calcul de {f}, avec les valeurs et les gradients",
        "values title": "Graphe de calcul de {f}, avec les valeurs",
        "backward title": "Graphe de rétropropagation de {f}\u00a0: les adjoints, de la sortie vers les entrées",
        "value is": "{name} = {formula} = {value}", "name is": "{name} = {formula}",
        "adjoint is": "gradient de {name}\u00a0: {value}",
        "blank": "Exercice — compléter {what}", "blank values": "les valeurs", "blank gradients": "les gradients",
        "blank all": "les valeurs et les gradients",
        "stretch": "opérations {first} à {last}",
        "folded": "Dessiné une fois pour {index}\u00a0: {count} fois {operations}",
        "folded more": "et {n} de plus", "operations": "{n} opérations", "operations one": "1 opération",
        "closed": "{count} boîtes représentent {operations}", "closed one": "1 boîte représente {operations}",
        "scope layer norm": "Normalisation par couche", "scope batch norm": "Normalisation par lot",
        "scope group norm": "Normalisation par groupe", "scope instance norm": "Normalisation par instance",
        "scope RMS norm": "Normalisation RMS", "scope attention": "Attention",
        "scope multi-head attention": "Attention à plusieurs têtes",
        "small": "sur une page A4, les étiquettes s'impriment en {size}\u00a0pt (il faut {least}\u00a0pt pour bien "
                 'lire)\u00a0: dessiner avec rankdir="TB", ou une partie du graphe',
        "small turned": "sur une page A4, les étiquettes s'impriment en {size}\u00a0pt (il faut {least}\u00a0pt pour "
                        "bien lire)\u00a0: dessiner une partie du graphe",
        "faint": "thème {theme}\u00a0: {name} {colour} sur {ground} a un contraste de {ratio} (il faut 4,5 pour bien "
                 "lire)",
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
