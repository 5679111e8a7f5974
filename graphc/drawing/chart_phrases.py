"""The words of a plot, one row a language. `\u00a0` is a no-break space, as French wants it before a colon."""

from __future__ import annotations

PLOT_PHRASES: dict[str, dict[str, str]] = {
    "en": {
        "step": "step", "loss": "loss", "derivative": "derivative",
        "loss title": "Loss {f} against the step",
        "weight title": "Loss {f} against {w}, with the steps of the descent and their tangents",
        "contour title": "Level lines of {f} over {x} and {y}, with the paths of the descents",
        "function title": "{names}", "derivative title": "{names}, with derivatives",
        "run": "{label}: {f} goes from {first} to {last} in {steps} steps",
        "diverged": "diverges",
        "moves": "{w} goes from {first} to {last}",
        "kink": "{name} has a jump at {x}: {left} to the left, {value} there, {right} to the right",
        "range": "{name} from x = {low} to {high} lies between {least} and {most}",
        "momentum": "momentum",
    },
    "fr": {
        "step": "itération", "loss": "perte", "derivative": "dérivée",
        "loss title": "Perte {f} en fonction de l’itération",
        "weight title": "Perte {f} en fonction de {w}, avec les pas de la descente et leurs tangentes",
        "contour title": "Lignes de niveau de {f} selon {x} et {y}, avec les trajectoires des descentes",
        "function title": "{names}", "derivative title": "{names}, avec les dérivées",
        "run": "{label}\u00a0: {f} passe de {first} à {last} en {steps} itérations",
        "diverged": "diverge",
        "moves": "{w} passe de {first} à {last}",
        "kink": "{name} a un saut en {x}\u00a0: {left} à gauche, {value} en ce point, {right} à droite",
        "range": "{name}, de x = {low} à {high}, reste entre {least} et {most}",
        "momentum": "inertie",
    },
}  # fmt: skip
assert PLOT_PHRASES["en"].keys() == PLOT_PHRASES["fr"].keys()
