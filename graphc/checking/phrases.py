"""What a student is told, in English and French: one row a phrase, one column a language."""

from __future__ import annotations

import unicodedata
from typing import Any

from .diagnosing.diagnosis_phrases import DIAGNOSIS

LANGUAGES = ("en", "fr")

PHRASES: dict[str, tuple[str, str]] = {
    # -- reading ------------------------------------------------------------------------------------
    "empty": ("nothing to read: the answer is empty", "rien à lire : la réponse est vide"),
    "too_long": ("the answer is {got} bytes long; the limit is {limit}",
                 "la réponse fait {got} octets ; la limite est de {limit}"),
    "too_deep": ("brackets or signs are nested more than {limit} deep",
                 "parenthèses ou signes imbriqués sur plus de {limit} niveaux"),
    "too_many": ("the answer has {got} nodes; the limit is {limit}",
                 "la réponse compte {got} nœuds ; la limite est de {limit}"),
    "digits": ("a number of {got} digits; the limit is {limit}",
               "un nombre de {got} chiffres ; la limite est de {limit}"),
    "exponent10": ("a power of ten past e{limit}", "une puissance de dix au-delà de e{limit}"),
    "bits": ("an exact value here could need {got} bits; the limit is {limit}",
             "une valeur exacte demanderait ici {got} bits ; la limite est de {limit}"),
    "exponent": ("an exponent of {got} is past the limit of {limit}",
                 "un exposant de {got} dépasse la limite de {limit}"),
    "lookalike": ("the character {char} is {name}, not the Latin letter {latin}; type {latin}",
                  "le caractère {char} est {name}, et non la lettre latine {latin} ; tapez {latin}"),
    "character": ("the character {char} ({name}) has no place in a formula",
                  "le caractère {char} ({name}) n'a pas sa place dans une formule"),
    "letter": ("the letter {char} stands in no name of a formula; give the formula alone, without words",
               "la lettre {char} n'entre dans aucun nom ; donnez la formule seule, sans mots"),
    "colon": ("':' has no meaning here; compare with <, >, ≤, ≥ or =",
              "« : » n'a pas de sens ici ; comparez avec <, >, ≤, ≥ ou ="),
    "expected_value": ("a number, a name or a bracket would fit here, not {got}",
                       "un nombre, un nom ou une parenthèse conviendrait ici, pas {got}"),
    "expected_operator": ("an operator (+ - * / ^) or the end would fit here, not {got}",
                          "un opérateur (+ - * / ^) ou la fin conviendrait ici, pas {got}"),
    "end": ("the end", "la fin"),
    "missing_operator": ("an operator is missing before the number {got}; write * or ^",
                         "il manque un opérateur devant le nombre {got} ; écrivez * ou ^"),
    "unclosed": ("this {open} is never closed; {close} would fit before {got}",
                 "ce {open} n'est jamais fermé ; {close} conviendrait avant {got}"),
    "unknown_name": ("no name {name} in this question; the names are {known}",
                     "pas de nom {name} dans cette question ; les noms sont {known}"),
    "ambiguous_name": ("{name} can be read as {one} or as {two}; write the product with *",
                       "{name} peut se lire {one} ou {two} ; écrivez le produit avec *"),
    "unknown_function": ("no function {name}; the functions are {known}",
                         "pas de fonction {name} ; les fonctions sont {known}"),
    "needs_argument": ("{name} is a function; give its argument in brackets: {name}(z)",
                       "{name} est une fonction ; donnez son argument entre parenthèses : {name}(z)"),
    "arity": ("{name} takes {need}, got {got}", "{name} prend {need}, reçu {got}"),
    "arguments": ("{n} argument(s)", "{n} argument(s)"),
    "arguments_more": ("{n} arguments or more", "{n} arguments ou plus"),
    "comma": ("',' separates the arguments of a function; write a decimal number with a point",
              "« , » sépare ici les arguments d'une fonction ; une décimale s'écrit 0,5, sans espace"),
    "semicolon": ("';' separates the arguments of a function only",
                  "« ; » ne sépare que les arguments d'une fonction"),
    "condition": ("a condition such as z > 0 would fit here",
                  "une condition telle que z > 0 conviendrait ici"),
    "inverse_function": ("{name}^-1 can mean 1/{name} or its inverse function; write 1/{name}(z) or a{name}(z)",
                         "{name}^-1 peut désigner 1/{name} ou la réciproque ; écrivez 1/{name}(z) ou a{name}(z)"),
    "no_prime": ("the derivative {name}' is not known here; write it out",
                 "la dérivée {name}' n'est pas connue ici ; écrivez-la"),
    "prime": ("a prime ' stands after the name of a function: σ'(z)",
              "une prime ' suit le nom d'une fonction : σ'(z)"),
    "factorial": ("'!' is not read here", "« ! » n'est pas lu ici"),
    "attribute": ("'.' stands inside a decimal number only", "« . » ne figure que dans un nombre décimal"),
    "command": ("no command {name} is read here", "la commande {name} n'est pas lue ici"),
    "partial": ("∂ is read on the left of an equals sign: ∂f/∂w = ...",
                "∂ se lit à gauche d'un signe égal : ∂f/∂w = ..."),
    "left_variable": ("the left side is a derivative by {got}; the question asks for the one by {need}",
                      "le membre de gauche est une dérivée par rapport à {got} ; la question la demande par {need}"),
    "left_function": ("the left side is a derivative of {got}; the question asks for the one of {need}",
                      "le membre de gauche est une dérivée de {got} ; la question demande celle de {need}"),
    "nothing_after_equals": ("nothing stands after the equals sign", "rien ne suit le signe égal"),
    "left_entry": ("the left side is the entry {got} alone; give all entries, with letters as indices: ∂f/∂W_{{ij}} = "
                   "..., or ∂f/∂W = ...",
                   "le membre de gauche est le seul terme {got} ; donnez tous les termes, avec des lettres pour "
                   "indices : ∂f/∂W_{{ij}} = ..., ou ∂f/∂W = ..."),
    "left_side": ("this left side is not read; write ∂f/∂w = ..., f'(w) = ... or ∇_w f = ..., or the value alone",
                  "ce membre de gauche n'est pas lu ; écrivez ∂f/∂w = ..., f'(w) = ... ou ∇_w f = ..., ou la valeur "
                  "seule"),
    "twin_names": ("{name} can stand for {one} or {two}; write the name exactly",
                   "{name} peut désigner {one} ou {two} ; écrivez le nom exactement"),
    "arrow": ("steps are joined by =; write a chain a = b = c, or the last line alone",
              "les étapes se joignent par = ; écrivez une chaîne a = b = c, ou la dernière ligne seule"),
    "rows_apart": ("one chain of equalities is read; begin each further line with =, or give the last line alone",
                   "une seule chaîne d'égalités est lue ; commencez chaque autre ligne par =, ou donnez la dernière "
                   "ligne seule"),
    "ellipsis": ("an ellipsis is not read; write a sum: ∑_{{i=1}}^{{N}} x_i",
                 "les points de suspension ne sont pas lus ; écrivez une somme : ∑_{{i=1}}^{{N}} x_i"),
    "preamble": ("':' has no meaning here; give the formula alone, without words before it",
                 "« : » n'a pas de sens ici ; donnez la formule seule, sans mots devant"),
    "words": ("{name} is no name in this question; give a formula alone, without words around it",
              "{name} n'est pas un nom de cette question ; donnez une formule seule, sans mots autour"),
    "case_word": ("a condition (if z > 0) or the word otherwise would fit here, not {got}",
                  "une condition (si z > 0) ou le mot sinon conviendrait ici, pas {got}"),
    "index": ("{name} has an empty index; write x_{{i,j}}", "{name} a un indice vide ; écrivez x_{{i,j}}"),
    "index_digits": ("{name} can be read with the indices {one} or with the one index {two}; write a comma between "
                     "two indices, brackets {{({two})}} around one",
                     "{name} peut se lire avec les indices {one} ou avec le seul indice {two} ; écrivez une virgule "
                     "entre deux indices, {{({two})}} pour un seul"),
    "index_or_product": ("these brackets can hold an index or a factor; write x_i for an element, x·(a) for a product",
                         "ces crochets peuvent contenir un indice ou un facteur ; écrivez x_i pour un élément, "
                         "x·(a) pour un produit"),
    "slice": ("a slice is ':' alone here, all of an axis", "une tranche est ici « : » seul, tout un axe"),
    "layer_or_power": ("{name} can be read as the value numbered {inner}, which is not declared, or as a power; "
                       "write {base}^{inner} for the power",
                       "{name} peut se lire comme la valeur numéro {inner}, qui n'est pas déclarée, ou comme une "
                       "puissance ; écrivez {base}^{inner} pour la puissance"),
    "kronecker": ("δ takes two indices: δ_{{ij}}; got {name}", "δ prend deux indices : δ_{{ij}} ; reçu {name}"),
    "norm_kind": ("the norms are ‖x‖, ‖x‖_1, ‖x‖_2, ‖x‖_∞ and ‖W‖_F, not {got}",
                  "les normes sont ‖x‖, ‖x‖_1, ‖x‖_2, ‖x‖_∞ et ‖W‖_F, pas {got}"),
    "ragged": ("the rows of this matrix have different lengths",
               "les lignes de cette matrice n'ont pas la même longueur"),
    "comma_in_array": ("the commas here can be decimal ones or part two elements; write 0,5 ; 2 or a blank behind each "
                       "comma that parts",
                       "les virgules peuvent être ici décimales ou séparer deux éléments ; écrivez 0,5 ; 2 ou une "
                       "espace après chaque virgule qui sépare"),
    "total_index": ("a sum needs its index, a letter: ∑_i or ∑_{{i=1}}^{{N}}; got {name}",
                    "une somme demande son indice, une lettre : ∑_i ou ∑_{{i=1}}^{{N}} ; reçu {name}"),
    "total_range": ("give both ends of the range of {name}: ∑_{{i=1}}^{{N}}",
                    "donnez les deux bornes pour {name} : ∑_{{i=1}}^{{N}}"),
    "total_condition": ("a product over an index takes no condition here",
                        "un produit sur un indice n'admet pas de condition ici"),
    "total_end": ("it is not clear where this sum or product ends: its last factor has no index; write brackets around "
                  "what is summed",
                  "on ne voit pas où finit cette somme ou ce produit : son dernier facteur n'a pas d'indice ; mettez "
                  "entre parenthèses ce qui est sommé"),
    "bare_function": ("{name} A B can be read as {name}(A B) or as {name}(A) B; write the brackets",
                      "{name} A B peut se lire {name}(A B) ou {name}(A) B ; écrivez les parenthèses"),
    "axis": ("{name} takes one array, and an axis such as axis=0",
             "{name} prend un tableau, et un axe tel que axis=0"),
    # -- shapes -------------------------------------------------------------------------------------
    "shape_number": ("a number", "un nombre"),
    "shape_vector": ("a vector of {size}", "un vecteur de {size}"),
    "shape_row": ("a row of {size}", "une ligne de {size}"),
    "need_entries": ("{size} entries", "{size} composantes"),
    "need_rows": ("{size} rows", "{size} lignes"),
    "need_row": ("a row", "une ligne"),
    "joint_or": ("or", "ou"),
    "no_product": ("{left} is {left_shape} and {right} is {right_shape}: {product} needs {need}",
                   "{left} est {left_shape} et {right} est {right_shape} : {product} demande {need}"),
    "no_product_fix": ("{left} is {left_shape} and {right} is {right_shape}: {product} needs {need}; {fix} would fit",
                       "{left} est {left_shape} et {right} est {right_shape} : {product} demande {need} ; "
                       "{fix} conviendrait"),
    "no_sum": ("{left} is {left_shape} and {right} is {right_shape}: they cannot be added",
               "{left} est {left_shape} et {right} est {right_shape} : on ne peut pas les additionner"),
    "no_sum_fix": ("{left} is {left_shape} and {right} is {right_shape}: they cannot be added; {fix} would fit",
                   "{left} est {left_shape} et {right} est {right_shape} : on ne peut pas les additionner ; "
                   "{fix} conviendrait"),
    "no_comparison": ("{left} is {left_shape} and {right} is {right_shape}: they cannot be compared",
                      "{left} est {left_shape} et {right} est {right_shape} : on ne peut pas les comparer"),
    "no_comparison_fix": ("{left} is {left_shape} and {right} is {right_shape}: they cannot be compared; "
                          "{fix} would fit",
                          "{left} est {left_shape} et {right} est {right_shape} : on ne peut pas les comparer ; "
                          "{fix} conviendrait"),
    "no_elementwise": ("{left} is {left_shape} and {right} is {right_shape}: entry by entry they need one shape",
                       "{left} est {left_shape} et {right} est {right_shape} : terme à terme, il leur faut la même "
                       "forme"),
    "no_elementwise_fix": ("{left} is {left_shape} and {right} is {right_shape}: entry by entry they need one shape; "
                           "{fix} would fit",
                           "{left} est {left_shape} et {right} est {right_shape} : terme à terme, il leur faut la "
                           "même forme ; {fix} conviendrait"),
    "no_fit": ("the shapes do not fit: {reason}", "les formes ne s'accordent pas : {reason}"),
    "matmul_number": ("{value} is a number: @ multiplies vectors and matrices; write * for a number",
                      "{value} est un nombre : @ multiplie vecteurs et matrices ; écrivez * pour un nombre"),
    "not_square": ("{name} is {shape}: {what} needs a square matrix",
                   "{name} est {shape} : {what} demande une matrice carrée"),
    "matrix_exponent": ("{name} is {shape}: a power of a matrix has a whole number as exponent; "
                        "entry by entry, write .^",
                        "{name} est {shape} : une puissance de matrice a un exposant entier ; "
                        "terme à terme, écrivez .^"),
    "needs_array": ("{name} is a number: {function} takes a vector or a matrix",
                    "{name} est un nombre : {function} prend un vecteur ou une matrice"),
    "needs_vector": ("{name} is {shape}: {function} takes vectors",
                     "{name} est {shape} : {function} prend des vecteurs"),
    "no_axis": ("{name} is {shape}: it has no axis {axis}", "{name} est {shape} : il n'y a pas d'axe {axis}"),
    "too_many_indices": ("{name} is {shape}: {got} indices are too many",
                         "{name} est {shape} : {got} indices, c'est trop"),
    "out_of_range": ("{name} has {size} entries there, counted from {first}: {index} is none of them",
                     "{name} a {size} composantes à cet endroit, comptées à partir de {first} : {index} n'en est pas "
                     "une"),
    "index_lengths": ("{index} runs over {size} entries of {name}, and over {other} elsewhere",
                      "{index} parcourt {size} composantes de {name}, et {other} ailleurs"),
    "range_beyond": ("{index} takes {name} from {low} to {high}; it has {size} entries there",
                     "{index} parcourt {name} de {low} à {high} ; il n'y a que {size} composantes"),
    "unbound_index": ("{name} is an index that no Σ runs over, and the left side does not have it",
                      "{name} est un indice que ne parcourt aucun Σ, et le membre de gauche ne l'a pas"),
    "index_form": ("{text} cannot be read as a position; i, i + 1, 3 or N would fit",
                   "{text} ne se lit pas comme une position ; i, i + 1, 3 ou N conviendraient"),
    "range_form": ("{name} runs between whole numbers or sizes, as in Σ_{{i=1}}^{{N}}",
                   "{name} va d'un entier ou d'une taille à une autre, comme dans Σ_{{i=1}}^{{N}}"),
    "range_empty": ("{name} runs from {low} to {high}, which is nothing",
                    "{name} va de {low} à {high} : il n'y a rien entre les deux"),
    "no_range": ("from where to where {name} runs is not said; write Σ_{{{name}=1}}^{{N}}",
                 "on ne dit pas d'où à où va {name} ; écrivez Σ_{{{name}=1}}^{{N}}"),
    "index_absent": ("how many values {name} takes is not said; write Σ_{{{name}=1}}^{{N}}",
                     "on ne dit pas combien de valeurs prend {name} ; écrivez Σ_{{{name}=1}}^{{N}}"),
    "unsized": ("the size of {name} does not follow from what stands around it; write it, as in {name}_3",
                "la taille de {name} ne découle pas de ce qui l'entoure ; écrivez-la, comme dans {name}_3"),
    "unknown_symbol": ("no name {name} in this question", "pas de nom {name} dans cette question"),
    "size_form": ("{text} is no size; a whole number or the name of a size would fit",
                  "{text} n'est pas une taille ; un entier ou le nom d'une taille conviendrait"),
    "size_limit": ("a size of {got} is past the limit of {limit}", "une taille de {got} dépasse la limite de {limit}"),
    "too_many_entries": ("a value here would have {got} entries; the limit is {limit}",
                         "une valeur aurait ici {got} composantes ; la limite est de {limit}"),
    "too_many_terms": ("a sum of {got} terms; the limit is {limit}",
                       "une somme de {got} termes ; la limite est de {limit}"),
    "glued": ("{name} is no declared name; write the product with a blank or a sign ({product}), or declare {name}",
              "{name} n'est pas un nom déclaré ; écrivez le produit avec une espace ou un signe ({product}), "
              "ou déclarez {name}"),
    "vector_as_row": ("I read a vector before a matrix as a row: a vector alone is a column, its row is xᵀ.",
                      "J'ai lu comme une ligne un vecteur placé devant une matrice : seul, un vecteur est une "
                      "colonne ; sa ligne est xᵀ."),
    "broadcast_as_column": ("I took the vector beside the matrix as a column, the same for each column of the matrix.",
                            "J'ai pris le vecteur à côté de la matrice comme une colonne, la même pour chaque "
                            "colonne de la matrice."),
    "mixed_orientation": ("A row and a column stand together; I took both as vectors.",
                          "Une ligne et une colonne sont mises ensemble ; je les ai prises toutes deux comme des "
                          "vecteurs."),
    "norm_as_frobenius": ("I read the norm of the matrix as Frobenius' norm, ‖W‖_F.",
                          "J'ai lu la norme de la matrice comme celle de Frobenius, ‖W‖_F."),
    "abs_elementwise": ("I read |…| of an array entry by entry; write ‖x‖ for a norm, det(A) for a determinant.",
                        "J'ai lu |…| terme à terme ; écrivez ‖x‖ pour une norme, det(A) pour un déterminant."),
    "rows_of_matrix": ("I read X_i as row i of the matrix X.", "J'ai lu X_i comme la ligne i de la matrice X."),
    "too_many_open": ("more than {limit} indices at one place", "plus de {limit} indices au même endroit"),
    "star_ambiguous": ("* between a matrix and a vector can be the matrix product or entry by entry; "
                       "write W x or W ⊙ x",
                       "* entre une matrice et un vecteur peut être le produit matriciel ou un produit terme à terme ; "
                       "écrivez W x ou W ⊙ x"),
    "too_many_unknowns": ("more than {limit} sizes are left open", "plus de {limit} tailles restent à déterminer"),
    "labelled_call": ("{name} is not read of values that have an index; write it of the whole array",
                      "{name} ne se lit pas sur des valeurs indicées ; écrivez-le du tableau entier"),
    "array_of_arrays": ("{text} is not a number: the entries of a matrix that is written out are numbers",
                        "{text} n'est pas un nombre : les termes d'une matrice écrite sont des nombres"),
    "eye": ("the identity takes one size: I_n; got {name}", "l'identité prend une seule taille : I_n ; reçu {name}"),
    # -- deciding -----------------------------------------------------------------------------------
    "proved": ("proved", "prouvé"),
    "chance": ("proved up to a chance below 2^-{bits} (degree {degree}, one random point in each of {cells} cells)",
               "prouvé à une probabilité inférieure à 2^-{bits} près (degré {degree}, un point au hasard dans chacune "
               "des {cells} cellules)"),
    "sampled": ("no counterexample in {points} points over {cells} cells",
                "aucun contre-exemple en {points} points sur {cells} cellules"),
    "counterexample": ("counterexample", "contre-exemple"),
    "nowhere": ("the value asked for is defined at none of {points} points tried",
                "la valeur demandée n'est définie en aucun des {points} points essayés"),
    "unsettled": ("at no point could the two be told apart or found equal",
                  "en aucun point les deux n'ont pu être séparées ou trouvées égales"),
    "undefined": ("undefined", "non définie"),
    "not_scalar": ("{name} is {type}; matrices are not decided yet",
                   "{name} est de type {type} ; les matrices ne sont pas encore traitées"),
    "no_scalar_op": ("{name} has no scalar form that can be decided (declared at {place})",
                     "{name} n'a pas de forme scalaire qui se décide (déclaré en {place})"),
    "no_entries_op": ("{name} ({op}) has no exact form entry by entry (declared at {place})",
                      "{name} ({op}) n'a pas de forme exacte coefficient par coefficient (déclaré en {place})"),
    "too_many_operations": ("the arrays have too many entries to be decided: the limit is {limit} operations",
                         "les tableaux ont trop de coefficients pour en décider : la limite est de {limit} opérations"),
    "index_not_known": ("an index here is not a whole number that is known",
                        "un indice n'est pas ici un entier connu"),
    "matrix_too_large": ("{name}: matrices of more than {limit} rows are not taken apart here",
                         "{name} : les matrices de plus de {limit} lignes ne sont pas développées ici"),
    "shapes": ("your answer is {got}, the derivative is {need}", "votre réponse est {got}, la dérivée est {need}"),
    "proved_entries": ("{text} entry by entry", "{text} coefficient par coefficient"),
    "entries": ("{text}, entry by entry", "{text}, coefficient par coefficient"),
    "for_sizes": (" for {sizes}", " pour {sizes}"),
    "and": ("and", "et"),
    "drawn": (", {names} drawn", ", {names} tirés au hasard"),
    "at_entry": ("The first entry that differs is at position ({place}), counted from 1: {got} and {need}.",
                 "Le premier coefficient qui diffère est en ({place}), en comptant depuis 1 : {got} et {need}."),
    "stood_in": ("{small} in place of {size}", "{small} à la place de {size}"),
    "transposed_layout": ("Every entry is right, in the transposed layout.",
                          "Tous les coefficients sont justes, dans la disposition transposée."),
    "targets_sum_to_one": ("This takes it that the entries of the targets add up to 1, as those of labels and "
                           "probabilities do.",
                           "Cela suppose que les termes des cibles ont pour somme 1, comme ceux d'étiquettes ou de "
                           "probabilités."),
    "matrix_product": ("I read * as the product of matrices; between arrays, NumPy multiplies entry by entry: write @.",
                       "J'ai lu * comme le produit matriciel ; entre tableaux, NumPy multiplie coefficient par "
                       "coefficient : écrivez @."),
    "entrywise": ("I read the product of vectors entry by entry; write ⊙ or * for it.",
                  "J'ai lu le produit de vecteurs coefficient par coefficient ; écrivez ⊙ ou *."),
    "indices_in_order": ("I took the indices i, j, … as those of the derivative, in this order; write ∂f_i/∂x_j = ….",
                         "J'ai pris les indices i, j, … pour ceux de la dérivée, dans cet ordre ; écrivez "
                         "∂f_i/∂x_j = …."),
    "rounded_numbers": ("it agrees with the derivative to nine digits, and has floating-point numbers that are rounded",
                        "elle coïncide avec la dérivée à neuf chiffres près, et contient des nombres flottants "
                        "arrondis"),
    "a_number": ("a number", "un nombre"),
    "a_vector": ("a vector of {size}", "un vecteur de taille {size}"),
    "literal_sizes": ("it differs at the small sizes {sizes}, but numbers in it might stand for the declared ones",
                      "elle diffère aux petites tailles {sizes}, mais des nombres pourraient y désigner les tailles "
                      "déclarées"),
    "no_sizes": ("no choice of small sizes fits this graph",
                 "aucun choix de petites tailles ne convient à ce graphe"),
    "layout": ("each entry is right, but in the transposed place: this exercise fixes the layout",
               "chaque coefficient est juste, mais à la place transposée : cet exercice fixe la disposition"),
    "rounds": ("a cast to {type} rounds (declared at {place})",
               "une conversion en {type} arrondit (déclarée en {place})"),
    "not_finite": ("the graph has the constant {value}", "le graphe contient la constante {value}"),
    "no_derivative": ("{text}", "{text}"),
    "too_many_nodes": ("more than {limit} nodes lie between {name} and the output",
                       "plus de {limit} nœuds séparent {name} de la sortie"),
    # -- verdicts -----------------------------------------------------------------------------------
    "correct": ("Correct.", "Correct."),
    "wrong": ("Not correct.", "Incorrect."),
    "undecided": ("Undecided.", "Indécis."),
    "invalid": ("I could not read this answer.", "Je n'ai pas pu lire cette réponse."),
    "i_read": ("I read: {text}", "J'ai lu : {text}"),
    "how": ("How sure: {text}.", "Certitude : {text}."),
    "why": ("Why: {text}.", "Pourquoi : {text}."),
    "at_point": ("At {point}: your answer gives {got}, the derivative is {need}.",
                 "En {point} : votre réponse donne {got}, la dérivée vaut {need}."),
    "link": ("The link that fails: {text}", "Le maillon en défaut : {text}"),
    "differs_only_at_kink": (
        "It differs from ours only on a kink, where the derivative is a matter of convention (here relu'(0) = 0).",
        "Elle ne diffère de la nôtre que sur un point anguleux, où la dérivée est affaire de convention "
        "(ici relu'(0) = 0)."),
    "domain_narrower": ("It is undefined at points where the derivative is defined.",
                        "Elle n'est pas définie en des points où la dérivée l'est."),
    "ambiguous_division": ("I read a/bc as (a/b)·c; write a/(bc) if you meant that.",
                           "J'ai lu a/bc comme (a/b)·c ; écrivez a/(bc) si c'est ce que vous vouliez."),
    "unknown_option": ("no {what} {got!r}; choose from {known}", "pas de {what} {got!r} ; choisissez parmi {known}"),
    # -- diagnosis ----------------------------------------------------------------------------------
    **DIAGNOSIS,
}


def _spaced(text: str) -> str:
    """French: spaces that do not break before a colon and a semicolon, and inside « »; a prime stays a prime."""
    for plain, kept in ((" :", "\u00a0:"), (" ;", "\u00a0;"), ("« ", "«\u00a0"), (" »", "\u00a0»")):
        text = text.replace(plain, kept)
    return text


PHRASES = {key: (en, _spaced(fr)) for key, (en, fr) in PHRASES.items()}


def say(lang: str, key: str, **parts: Any) -> str:
    """The phrase in this language, its holes filled in.

    >>> say("fr", "correct"), say("en", "digits", got=41, limit=40)
    ('Correct.', 'a number of 41 digits; the limit is 40')
    """
    return PHRASES[key][LANGUAGES.index(lang)].format(**parts)


def count(lang: str, n: int) -> str:
    """A small number as a word."""
    words = {"en": ("two", "three", "four", "five", "six"), "fr": ("deux", "trois", "quatre", "cinq", "six")}[lang]
    return words[n - 2] if 2 <= n <= 6 else str(n)


def safe(text: str, limit: int = 60) -> str:
    """Text that someone typed, safe to print: control and format characters are shown escaped.

    >>> safe("w1\\u202e\\x00")
    'w1\\\\u202e\\\\x00'
    """
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    return "".join(c if _plain(c) else c.encode("unicode_escape").decode("ascii") for c in cut)


def _plain(char: str) -> bool:
    return char == " " or unicodedata.category(char)[0] in "LMNPS"
