"""What is said of a recognised mistake: one row a phrase, English and French; each true of the answer."""

from __future__ import annotations

_ROWS: dict[str, tuple[str, str]] = {
    "compatible": ("This is compatible with: {text}", "C'est compatible avec : {text}"),
    "first_of_two": ("Two slips together give this answer. The first: {text}",
                     "Deux erreurs ensemble donnent cette réponse. La première : {text}"),
    "second_of_two": ("The second: {text}", "La seconde : {text}"),
    # -- signs, scales, constants -------------------------------------------------------------------------
    "sign_global": ("Your answer is the derivative with the opposite sign.",
                    "Votre réponse est la dérivée, au signe près : elle a le signe opposé."),
    "sign_term": ("A sign changed where the derivative passes through {node}.",
                  "Un signe a changé au passage par {node}."),
    "miscopied_sign": ("This is the derivative of {other}: a sign was misread in {node}.",
                       "C'est la dérivée de {other} : un signe a été mal lu dans {node}."),
    "wrong_scale": ("Your answer is {factor} times the derivative.", "Votre réponse vaut {factor} fois la dérivée."),
    "scale_besides": ("All of it is multiplied by {factor} besides.", "Le tout est de plus multiplié par {factor}."),
    "sign_besides": ("All of it has the opposite sign besides.", "Le tout a de plus le signe opposé."),
    "degrees": ("A factor π/180 stands at {node}: the angle is in radians, so none is needed.",
                "Un facteur π/180 figure en {node} : l'angle est en radians, il n'en faut pas."),
    "constant_kept": ("The constant term {node} has derivative 0; it was kept.",
                      "Le terme constant {node} a pour dérivée 0 ; il a été gardé."),
    "constant_added": ("Your answer is the derivative plus the constant {number}; a derivative has no such constant.",
                       "Votre réponse est la dérivée plus la constante {number} ; une dérivée n'en comporte pas."),
    "factor_missing": ("Your answer is the derivative without its factor {factor}.",
                       "Votre réponse est la dérivée sans son facteur {factor}."),
    "extra_factor": ("Your answer is the derivative times {factor}; that factor is one too many.",
                     "Votre réponse est la dérivée fois {factor} ; ce facteur est de trop."),
    "functions_exchanged": ("With {one} and {two} exchanged, your answer would be the derivative.",
                            "En échangeant {one} et {two}, votre réponse serait la dérivée."),
    # -- paths ----------------------------------------------------------------------------------------------
    "one_path_of_fanout": (
        "You kept one of the {count} paths from {node}: through {kept}, not {missed}. Gradients add at a fan-out.",
        "Vous avez gardé un seul des {count} chemins partant de {node} : par {kept}, pas par {missed}. "
        "Les gradients s'ajoutent à un embranchement."),
    "some_paths_of_fanout": (
        "You missed one of the {count} paths from {node}: the one through {missed}. Gradients add at a fan-out.",
        "Il vous manque un des {count} chemins partant de {node} : celui par {missed}. "
        "Les gradients s'ajoutent à un embranchement."),
    "missing_regularisation_term": (
        "The derivative of the regularisation term {node} is missing; the derivative of a sum has all its terms.",
        "Il manque la dérivée du terme de régularisation {node} ; la dérivée d'une somme en garde tous les termes."),
    # -- factors of the chain rule --------------------------------------------------------------------------
    "missing_relu_mask": (
        "You forgot the derivative of ReLU at {node}: it is 1 where its input is positive and 0 elsewhere.",
        "Vous avez oublié la dérivée de ReLU en {node} : elle vaut 1 où son entrée est positive, 0 ailleurs."),
    "wrong_relu_mask": ("The mask of ReLU at {node} is reversed: the gradient passes where the input is positive.",
                        "Le masque de ReLU en {node} est inversé : le gradient passe où l'entrée est positive."),
    "kink_only": ("Your answer differs from the derivative only on the kink of {node}, where it is a convention.",
                  "Votre réponse ne diffère de la dérivée qu'au point anguleux de {node}, affaire de convention."),
    "missing_activation_derivative": (
        "You forgot the derivative of {function} at {node}; the chain rule multiplies by it.",
        "Vous avez oublié la dérivée de {function} en {node} ; la règle de la chaîne la demande en facteur."),
    "extra_activation_derivative": (
        "The derivative of {function} at {node} stands there twice; the chain rule multiplies by it once.",
        "La dérivée de {function} en {node} figure deux fois ; la règle de la chaîne ne la demande qu'une fois."),
    "missing_inner_factor": (
        "The chain rule stopped early: the derivative of what is inside, {node}, is missing.",
        "La règle de la chaîne s'arrête trop tôt : il manque la dérivée de l'intérieur, {node}."),
    "missing_inner_value": (
        "The chain rule stopped early: the derivative of what is inside, {node}, is missing, the factor {factor}.",
        "La règle de la chaîne s'arrête trop tôt : il manque la dérivée de l'intérieur, {node}, le facteur {factor}."),
    "missing_inner_factors": (
        "The chain rule stopped early in several places: the derivatives of what is inside, {nodes}, are missing.",
        "La règle de la chaîne s'arrête trop tôt à plusieurs endroits : il manque les dérivées "
        "de l'intérieur, {nodes}."),
    "outer_at_variable": (
        "You differentiated {function} in {node} as if {got} stood inside; inside is {need}, and the chain rule "
        "multiplies by its derivative.",
        "Vous avez dérivé {function} dans {node} comme si l'intérieur était {got} ; c'est {need}, et la règle de la "
        "chaîne multiplie par sa dérivée."),
    "missing_upstream_factor": (
        "You differentiated {node} alone: the factor that comes from what follows it is missing.",
        "Vous avez dérivé {node} seul : il manque le facteur qui vient de ce qui suit."),
    "missing_local_factor": (
        "The factor {factor} is missing, the derivative of {node} by {by}.",
        "Il manque le facteur {factor}, dérivée de {node} par rapport à {by}."),
    "missing_coefficients": (
        "The constant factors are missing: {factors}. A constant factor stays in front of the derivative.",
        "Il manque les facteurs constants : {factors}. Un facteur constant reste devant la dérivée."),
    "derivative_at_wrong_point": (
        "The derivative of {function} in {node} is taken at {got}; it belongs at {need}.",
        "La dérivée de {function} dans {node} est prise en {got} ; elle se prend en {need}."),
    "outer_at_inner_slope": (
        "The derivative of {function} in {node} is taken at the derivative of what is inside; it belongs at {need} "
        "itself.",
        "La dérivée de {function} dans {node} est prise en la dérivée de l'intérieur ; elle se prend en {need} même."),
    "operand": ("operand {place} of {node}", "l'opérande {place} de {node}"),
    "input_instead_of_output": ("{got} stands where {need} belongs: what goes into the function, not what comes out.",
                                "{got} figure à la place de {need} : l'entrée de la fonction au lieu de sa sortie."),
    "wrong_variable": ("This is the derivative by {got}; the question asks for the one by {need}.",
                       "C'est la dérivée par rapport à {got} ; la question la demande par rapport à {need}."),
    "leftover_variable": ("{variable} was left in the derivative of {node}; differentiating takes one factor away.",
                          "{variable} est resté dans la dérivée de {node} ; dériver enlève un facteur."),
    "not_differentiated": ("{node} was left as it is, not differentiated.",
                           "{node} est resté tel quel, sans être dérivé."),
    "integrated": ("{node} was integrated, not differentiated.", "{node} a été intégré au lieu d'être dérivé."),
    # -- rules of calculus ------------------------------------------------------------------------------------
    "product_rule": (
        "The derivative of the product {node} is not the product of the derivatives: (ab)' = a'b + ab'.",
        "La dérivée du produit {node} n'est pas le produit des dérivées : (ab)' = a'b + ab'."),
    "product_as_sum": (
        "The product {node} was differentiated as if it were a sum, a' + b': (ab)' = a'b + ab'.",
        "Le produit {node} a été dérivé comme une somme, a' + b' : (ab)' = a'b + ab'."),
    "product_own_factors": (
        "In the product {node} each derivative is multiplied by its own factor, aa' + bb': (ab)' = a'b + ab'.",
        "Dans le produit {node}, chaque dérivée multiplie son propre facteur, aa' + bb' : (ab)' = a'b + ab'."),
    "product_minus": ("The product rule has a plus: in {node}, (ab)' = a'b + ab', not a'b - ab'.",
                      "La règle du produit a un plus : dans {node}, (ab)' = a'b + ab', et non a'b - ab'."),
    "product_minus_reversed": ("The product rule has a plus: in {node}, (ab)' = a'b + ab', not ab' - a'b.",
                               "La règle du produit a un plus : dans {node}, (ab)' = a'b + ab', et non ab' - a'b."),
    "product_one_term": (
        "One term of the product rule is missing in {node}: {kept} was differentiated, {lost} was not. "
        "(ab)' = a'b + ab'.",
        "Il manque un terme de la règle du produit dans {node} : {kept} a été dérivé, {lost} non. (ab)' = a'b + ab'."),
    "quotient_rule": (
        "The derivative of the quotient {node} is not the quotient of the derivatives: (a/b)' = (a'b - ab')/b².",
        "La dérivée du quotient {node} n'est pas le quotient des dérivées : (a/b)' = (a'b - ab')/b²."),
    "quotient_sign": ("The sign of the part ab' is wrong in the quotient {node}: (a/b)' = (a'b - ab')/b².",
                      "Le signe de la partie ab' est faux dans le quotient {node} : (a/b)' = (a'b - ab')/b²."),
    "quotient_order": ("The two terms of the quotient rule are swapped in {node}: (a/b)' = (a'b - ab')/b².",
                       "Les deux termes de la règle du quotient sont échangés dans {node} : (a/b)' = (a'b - ab')/b²."),
    "quotient_no_square": ("The square of the denominator is missing in {node}: (a/b)' = (a'b - ab')/b².",
                           "Il manque le carré du dénominateur dans {node} : (a/b)' = (a'b - ab')/b²."),
    "quotient_no_divisor": ("The division by b² is missing in {node}: (a/b)' = (a'b - ab')/b².",
                            "Il manque la division par b² dans {node} : (a/b)' = (a'b - ab')/b²."),
    "quotient_inner_square": ("In {node} the divisor is the square of b', not of b: (a/b)' = (a'b - ab')/b².",
                              "Dans {node}, le diviseur est le carré de b', non de b : (a/b)' = (a'b - ab')/b²."),
    "quotient_as_product": (
        "The quotient {node} is a times 1/b; its derivative is not the product of theirs: (a/b)' = (a'b - ab')/b².",
        "Le quotient {node} est a fois 1/b ; sa dérivée n'est pas le produit des leurs : (a/b)' = (a'b - ab')/b²."),
    "quotient_own_factors": (
        "In {node}, as a times 1/b, each derivative is multiplied by its own factor: (a/b)' = (a'b - ab')/b².",
        "Dans {node}, vu comme a fois 1/b, chaque dérivée multiplie son propre facteur : (a/b)' = (a'b - ab')/b²."),
    "quotient_numerator_only": (
        "Only the numerator of {node} was differentiated: (a/b)' = (a'b - ab')/b².",
        "Seul le numérateur de {node} a été dérivé : (a/b)' = (a'b - ab')/b²."),
    "quotient_reversed": ("The quotient {node} was turned over: this uses the derivative of b/a.",
                          "Le quotient {node} a été renversé : c'est la dérivée de b/a qui sert ici."),
    "quotient_constant": ("The denominator of {node} was differentiated in its place: (a/b)' = (a'b - ab')/b².",
                          "Le dénominateur de {node} a été dérivé sur place : (a/b)' = (a'b - ab')/b²."),
    "exponential_power": (
        "{node} is not a power of the variable but an exponential (or the reverse): the rule used is the other one.",
        "{node} n'est pas une puissance mais une exponentielle (ou l'inverse) : c'est l'autre règle qui s'applique."),
    "exponential_no_log": ("The factor ln a is missing at {node}: (aᵘ)' = aᵘ·ln a·u'.",
                           "Il manque le facteur ln a en {node} : (aᵘ)' = aᵘ·ln a·u'."),
    "wrong_derivative": (
        "The derivative of {function} at {node} was taken as {got}, u being its argument; it is another.",
        "La dérivée de {function} en {node} a été prise égale à {got}, u étant l'argument ; c'en est une autre."),
    "wrong_derivative_at_variable": (
        "The derivative of {function} at {node} was taken as {got}, which it is not, and at u = {at} in place of "
        "{need}.",
        "La dérivée de {function} en {node} a été prise égale à {got}, ce qu'elle n'est pas, et en u = {at} au lieu de "
        "{need}."),
    "wrong_derivative_everywhere": (
        "Everywhere the derivative of {function} was taken as {got}, u being its argument; it is another.",
        "Partout, la dérivée de {function} a été prise égale à {got}, u étant l'argument ; c'en est une autre."),
    # -- arrays -----------------------------------------------------------------------------------------------
    "statistics_constant": (
        "{nodes} were treated as constants; they depend on {node} too, and the gradient goes through them.",
        "{nodes} ont été traités comme des constantes ; ils dépendent aussi de {node}, et le gradient y passe."),
    "layout_only": ("Every entry is right; the layout is the transpose of the one asked for.",
                    "Chaque coefficient est juste ; la disposition est la transposée de celle demandée."),
    "missing_batch_sum": (
        "{node} is used once for each example in {by}: its gradient is the sum over them, and that sum is missing.",
        "{node} sert une fois par exemple dans {by} : son gradient en est la somme, et cette somme manque."),
    "mean_for_sum": (
        "{node} is used {size} times in {by}: its gradient is the sum over them, not their mean.",
        "{node} sert {size} fois dans {by} : son gradient est la somme sur ces emplois, non leur moyenne."),
    "mean_not_divided": ("The factor 1/{size} of the mean {node} is missing.",
                         "Il manque le facteur 1/{size} de la moyenne {node}."),
    "mean_divided_twice": ("The factor 1/{size} of the mean {node} stands there twice.",
                           "Le facteur 1/{size} de la moyenne {node} figure deux fois."),
    "factor_two_missing": ("The factor 2 from the square {node} is missing: (u²)' = 2·u·u'.",
                           "Il manque le facteur 2 du carré {node} : (u²)' = 2·u·u'."),
    "factor_two_twice": ("The factor 2 from the square {node} stands there twice: (u²)' = 2·u·u'.",
                         "Le facteur 2 du carré {node} figure deux fois : (u²)' = 2·u·u'."),
    "softmax_diagonal_only": (
        "The derivative of softmax at {node} was taken as p(1 - p), its diagonal; every output depends on every "
        "input: ∂pᵢ/∂zⱼ = pᵢ(δᵢⱼ - pⱼ).",
        "La dérivée de softmax en {node} a été réduite à p(1 - p), sa diagonale ; chaque sortie dépend de chaque "
        "entrée : ∂pᵢ/∂zⱼ = pᵢ(δᵢⱼ - pⱼ)."),
    "softmax_one_term": (
        "The derivative of softmax at {node} was taken as p alone; it is ∂pᵢ/∂zⱼ = pᵢ(δᵢⱼ - pⱼ).",
        "La dérivée de softmax en {node} a été réduite à p ; c'est ∂pᵢ/∂zⱼ = pᵢ(δᵢⱼ - pⱼ)."),
    "softmax_plus": (
        "A sign is wrong in the derivative of softmax at {node}: it is ∂pᵢ/∂zⱼ = pᵢ(δᵢⱼ - pⱼ), with a minus.",
        "Un signe est faux dans la dérivée de softmax en {node} : c'est ∂pᵢ/∂zⱼ = pᵢ(δᵢⱼ - pⱼ), avec un moins."),
    "cross_entropy_extra": (
        "p - y is already the derivative of the cross-entropy {node} by {logits}, softmax included; here it is "
        "multiplied by p(1 - p) once more.",
        "p - y est déjà la dérivée de l'entropie croisée {node} par rapport à {logits}, softmax compris ; ici elle est "
        "encore multipliée par p(1 - p)."),
    "cross_entropy_no_labels": (
        "The derivative of the cross-entropy {node} by {logits} was taken as p; the labels are missing: it is p - "
        "{labels}.",
        "La dérivée de l'entropie croisée {node} par rapport à {logits} a été prise égale à p ; il manque les "
        "étiquettes : c'est p - {labels}."),
    "cross_entropy_logits": (
        "The logits stand where the probabilities belong: the derivative of {node} by {logits} is "
        "softmax({logits}) - {labels}.",
        "Les logits figurent à la place des probabilités : la dérivée de {node} par rapport à {logits} est "
        "softmax({logits}) - {labels}."),
    "cross_entropy_diagonal": (
        "The derivative of softmax in {node} was reduced to its diagonal, p(1 - p): it gives -y(1 - p), not p - y.",
        "La dérivée de softmax dans {node} a été réduite à sa diagonale, p(1 - p) : cela donne -y(1 - p), non p - y."),
    "missing_outer_product": (
        "At {node} the adjoint is handed on as it is; the gradient by {by} is its product with {other}.",
        "En {node}, l'adjoint est transmis tel quel ; le gradient par rapport à {by} est son produit avec {other}."),
    "adjoint_missing": (
        "At {node} only {other} was handed on to {by}; the adjoint that comes from what follows is missing.",
        "En {node}, seul {other} est transmis à {by} ; il manque l'adjoint qui vient de ce qui suit."),
    "inverse_for_transpose": (
        "An inverse stands where a transpose belongs at {node}: the gradient by {by} takes the transpose of {other}.",
        "Une inverse figure à la place d'une transposée en {node} : le gradient par rapport à {by} prend la transposée "
        "de {other}."),
    "transpose_or_order": (
        "The transpose or the order is wrong at {node}, where the derivative passes to {by}: of Y = AB, Ā = Ȳ·Bᵀ and "
        "B̄ = Aᵀ·Ȳ.",
        "La transposée ou l'ordre est faux en {node}, où la dérivée passe à {by} : pour Y = AB, Ā = Ȳ·Bᵀ et "
        "B̄ = Aᵀ·Ȳ."),
    "transpose_fits": ("With {fix} in place of {got} it is the derivative: the shapes say where a transpose belongs.",
                       "Avec {fix} à la place de {got}, c'est la dérivée : les formes disent où il faut une "
                       "transposée."),
    "elementwise_for_matrix": (
        "An elementwise product stands where the matrix product belongs at {node}, on the way to {by}.",
        "Un produit terme à terme figure à la place du produit matriciel en {node}, sur le chemin de {by}."),
    "matrix_for_elementwise": (
        "A matrix product stands where the elementwise product belongs at {node}, on the way to {by}.",
        "Un produit matriciel figure à la place du produit terme à terme en {node}, sur le chemin de {by}."),
    "mean_path_missing": (
        "{node} subtracts the mean, which depends on every entry of {by}: the path through the mean is missing.",
        "{node} retranche la moyenne, qui dépend de chaque coefficient de {by} : il manque le chemin par la moyenne."),
    "adjoint_of_node": (
        "This is the adjoint of {node}; the last step, from there to the variable, is missing.",
        "C'est l'adjoint de {node} ; il manque le dernier pas, de là jusqu'à la variable."),
}

_POWERS: dict[str, tuple[str, str]] = {
    "power_no_coefficient": ("the coefficient n is missing", "il manque le coefficient n"),
    "power_not_lowered": ("the exponent was not lowered by 1", "l'exposant n'a pas été diminué de 1"),
    "power_raised": ("the exponent was raised, not lowered", "l'exposant a été augmenté au lieu d'être diminué"),
    "power_wrong_coefficient": ("the coefficient is n itself", "le coefficient est n lui-même"),
    "power_divided": ("the exponent n multiplies, it does not divide", "l'exposant n multiplie, il ne divise pas"),
    "power_lowered_twice": ("the exponent is lowered by 1, not by 2", "l'exposant diminue de 1, non de 2"),
    "power_without_variable": ("the power u^(n-1) is missing", "il manque la puissance u^(n-1)"),
    "power_sign": ("the sign is wrong", "le signe est faux"),
}


def _powers() -> dict[str, tuple[str, str]]:
    rows = {}
    for key, (en, fr) in _POWERS.items():
        rows[key] = (f"Power rule at {{node}}: {en}. The derivative of u^n is n·u^(n-1), so {{need}} here, "
                     "not {got}.",
                     f"Règle des puissances en {{node}} : {fr}. La dérivée de u^n est n·u^(n-1), donc {{need}} ici, "
                     "et non {got}.")
        rows[f"{key}_everywhere"] = (f"Power rule, everywhere: {en}. The derivative of u^n is n·u^(n-1).",
                                     f"Règle des puissances, partout : {fr}. La dérivée de u^n est n·u^(n-1).")
    return rows


DIAGNOSIS: dict[str, tuple[str, str]] = {**_ROWS, **_powers()}
