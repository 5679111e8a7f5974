"""What a derivation says of arrays, in English and French: the rule of each operation, and why it is so."""

from __future__ import annotations

from collections.abc import Mapping

ARRAY_PHRASES: Mapping[str, tuple[str, str]] = {
    "shapes": (
        "Shapes: {shapes}.",
        "Formes : {shapes}.",
    ),
    "termwise": (
        "Functions, fractions and {sign} act element by element; an operand that lacks an axis, or has "
        "size 1 on it, is repeated along it.",
        "Les fonctions, les fractions et {sign} agissent terme à terme ; un opérande auquel il manque un "
        "axe, ou qui y est de taille 1, est répété le long de cet axe.",
    ),
    "ones": (
        "{one} is the array of ones of the shape given beside it.",
        "{one} désigne le tableau de uns dont la forme est indiquée.",
    ),
    "outer": (
        "{sign} is the outer product: {law}.",
        "{sign} est le produit tensoriel : {law}.",
    ),
    "rules": (
        "What each operation hands back",
        "Ce que chaque opération renvoie",
    ),
    "rules_prose": (
        "The adjoint {vbar} of a value {v} is the array of the derivatives of {f} by the elements of {v}:"
        " it has the shape of {v}. Every operation turns the adjoint of its result into those of its "
        "operands.",
        "L'adjoint {vbar} d'une valeur {v} est le tableau des dérivées de {f} par rapport aux éléments de"
        " {v} : il a la forme de {v}. Chaque opération transforme l'adjoint de son résultat en ceux de "
        "ses opérandes.",
    ),
    "share": (
        "Where a value has several users, a number above its adjoint marks the share that one of them "
        "hands back.",
        "Lorsqu'une valeur sert plusieurs fois, un exposant entre parenthèses désigne la part de "
        "l'adjoint renvoyée par l'une de ses utilisations.",
    ),
    "chain_arrays": (
        "Start from {fbar} and go back, one value at a time, users first:",
        "On part de {fbar} et l'on remonte, une valeur à la fois, en commençant par celles qui utilisent "
        "les autres :",
    ),
    "sums_to_one": (
        "Where the labels {y} sum to 1 over the classes, this is the difference between prediction and "
        "label: {p}.",
        "Lorsque les étiquettes {y} ont pour somme 1 sur les classes, c'est la différence entre la "
        "prédiction et l'étiquette : {p}.",
    ),
    "rule matmul": (
        "Matrix product {y} = {rhs}. Apply the chain rule to each element; the sum over the index that "
        "remains is again a product of matrices, in which the other operand appears transposed so that "
        "this index stands inside:",
        "Produit matriciel {y} = {rhs}. On applique la règle de la chaîne à chaque élément ; la somme sur"
        " l'indice restant est de nouveau un produit de matrices, où l'autre opérande apparaît transposé "
        "pour que cet indice soit à l'intérieur :",
    ),
    "rule matmul only": (
        "Matrix product {y} = {rhs}. Apply the chain rule to each element; the sum over the index that "
        "remains is again a product of matrices, and the transposes are forced: for these sizes, no other"
        " product of {ybar} and an operand has the shape of the other operand.",
        "Produit matriciel {y} = {rhs}. On applique la règle de la chaîne à chaque élément ; la somme sur"
        " l'indice restant est de nouveau un produit de matrices, et les transposées sont imposées : avec"
        " ces tailles, aucun autre produit de {ybar} et d'un opérande n'a la forme de l'autre opérande.",
    ),
    "rule matvec": (
        "Product {y} = {rhs}. Apply the chain rule to each element; an outer product {sign} arises where "
        "no index is left to sum over:",
        "Produit {y} = {rhs}. On applique la règle de la chaîne à chaque élément ; un produit tensoriel "
        "{sign} apparaît lorsqu'il ne reste aucun indice de sommation :",
    ),
    "rule elementwise": (
        "{y} = {rhs} acts element by element: its Jacobian is diagonal, so the adjoint is multiplied, "
        "element by element, by the derivative.",
        "{y} = {rhs} agit terme à terme : sa jacobienne est diagonale, donc l'adjoint est multiplié terme"
        " à terme par la dérivée.",
    ),
    "rule multiply": (
        "A product element by element swaps its factors: each receives the adjoint times the other one.",
        "Un produit terme à terme échange ses facteurs : chacun reçoit l'adjoint multiplié par l'autre.",
    ),
    "rule scale": (
        "A constant factor stays a factor.",
        "Un facteur constant reste un facteur.",
    ),
    "rule add": (
        "A sum or a difference hands its adjoint on, with its sign.",
        "Une somme ou une différence transmet son adjoint, au signe près.",
    ),
    "rule broadcast": (
        "In {y} = {rhs}, {x} is repeated along the axes it lacks (as a bias is for every row of a batch)."
        " Each copy hands back its own share, so the adjoint is summed over these axes.",
        "Dans {y} = {rhs}, {x} est répété le long des axes qui lui manquent (comme un biais pour chaque "
        "ligne d'un lot). Chaque copie renvoie sa part : l'adjoint est sommé sur ces axes.",
    ),
    "rule sigmoid": (
        "The sigmoid has the derivative {law}, and {y} is known from the forward pass; it acts element by"
        " element.",
        "La sigmoïde a pour dérivée {law}, et {y} est connu depuis la propagation avant ; elle agit terme"
        " à terme.",
    ),
    "rule tanh": (
        "The hyperbolic tangent has the derivative {law}, and {y} is known from the forward pass; it acts"
        " element by element.",
        "La tangente hyperbolique a pour dérivée {law}, et {y} est connu depuis la propagation avant ; "
        "elle agit terme à terme.",
    ),
    "rule relu": (
        "{y} = {rhs} is piecewise linear: a mask passes the adjoint on where the argument is positive.",
        "{y} = {rhs} est linéaire par morceaux : un masque transmet l'adjoint là où l'argument est "
        "positif.",
    ),
    "rule maximum": (
        "{y} = {rhs} selects: each element of the adjoint goes to the operand that was chosen.",
        "{y} = {rhs} sélectionne : chaque élément de l'adjoint va à l'opérande retenu.",
    ),
    "rule where": (
        "{y} = {rhs} chooses by a condition: a mask gives each element of the adjoint to the branch that "
        "was taken, and exactly 0 to the other.",
        "{y} = {rhs} choisit selon une condition : un masque donne chaque élément de l'adjoint à la "
        "branche prise, et exactement 0 à l'autre.",
    ),
    "rule sum": (
        "A sum hands a copy of its adjoint to each element that it adds.",
        "Une somme transmet une copie de son adjoint à chacun de ses termes.",
    ),
    "rule mean": (
        "A mean over n elements hands 1/n of its adjoint to each of them.",
        "Une moyenne de n éléments transmet à chacun 1/n de son adjoint.",
    ),
    "rule max": (
        "A largest or smallest element is one of those compared: the adjoint goes there, and 0 elsewhere "
        "(k tied elements receive 1/k each).",
        "Un plus grand ou un plus petit élément est l'un des éléments comparés : l'adjoint va à celui-ci,"
        " et 0 ailleurs (k éléments à égalité en reçoivent chacun 1/k).",
    ),
    "rule softmax": (
        "For one vector {y} = {rhs} the Jacobian is {law}, which is symmetric. Applied to the adjoint, "
        "vector by vector:",
        "Pour un vecteur {y} = {rhs}, la jacobienne est {law}, qui est symétrique. Appliquée à l'adjoint,"
        " vecteur par vecteur :",
    ),
    "rule softmax_cross_entropy": (
        "Softmax followed by the cross-entropy: the derivative of the logarithm cancels the factor of the"
        " softmax, and what is left is the difference between prediction and label.",
        "Softmax suivi de l'entropie croisée : la dérivée du logarithme simplifie le facteur du softmax, "
        "et il reste la différence entre la prédiction et l'étiquette.",
    ),
    "rule logsumexp": (
        "{y} = {rhs} is a soft maximum: its gradient is the softmax, which shares the adjoint out.",
        "{y} = {rhs} est un maximum adouci : son gradient est le softmax, qui répartit l'adjoint.",
    ),
    "rule norm2": (
        "The gradient of a norm is the unit vector in the direction of its argument.",
        "Le gradient d'une norme est le vecteur unitaire dans la direction de son argument.",
    ),
    "rule centre": (
        "Subtracting the mean is an orthogonal projection, so it is its own adjoint: the adjoint is "
        "centred as the value was.",
        "Soustraire la moyenne est une projection orthogonale, donc son propre adjoint : l'adjoint est "
        "centré comme la valeur.",
    ),
    "rule transpose": (
        "A transposition of axes is undone: the adjoint is transposed back.",
        "Une transposition d'axes se défait : l'adjoint est transposé en sens inverse.",
    ),
    "rule reshape": (
        "The elements keep their values and change places: the adjoint is put back into the old shape.",
        "Les éléments gardent leurs valeurs et changent de place : l'adjoint reprend l'ancienne forme.",
    ),
    "rule spread": (
        "A value that is repeated receives the sum of the adjoints of its copies.",
        "Une valeur répétée reçoit la somme des adjoints de ses copies.",
    ),
    "rule concatenate": (
        "Values that were joined are parted again: each receives its own piece of the adjoint.",
        "Des valeurs réunies sont de nouveau séparées : chacune reçoit son morceau de l'adjoint.",
    ),
    "rule getitem": (
        "A part that was taken out is put back: the adjoint stands in its place among zeros.",
        "Une partie extraite est remise à sa place : l'adjoint s'y trouve, entouré de zéros.",
    ),
    "rule gather": (
        "Rows that were looked up hand their adjoints back to where they came from; those of one row add "
        "(scatter-add).",
        "Les lignes consultées renvoient leurs adjoints là d'où elles viennent ; ceux d'une même ligne "
        "s'ajoutent (scatter-add).",
    ),
    "rule einsum": (
        "{y} = {rhs} is linear in each operand: the adjoint of one is the sum of products of the same "
        "form, the index sets of operand and result being swapped.",
        "{y} = {rhs} est linéaire en chaque opérande : l'adjoint de l'un est une somme de produits de "
        "même forme, où les indices de l'opérande et du résultat sont échangés.",
    ),
    "rule conv": (
        "A convolution layer slides the kernel without flipping it (corr). By its input, the adjoint is "
        "the full convolution (conv): the kernel comes back flipped. By the kernel, it is the correlation"
        " of the input with the adjoint. Each costs as many multiply-adds as the forward pass.",
        "Une couche de convolution fait glisser le noyau sans le retourner (corr). Par rapport à "
        "l'entrée, l'adjoint est la convolution complète (conv) : le noyau revient retourné. Par rapport "
        "au noyau, c'est la corrélation de l'entrée avec l'adjoint. Chacune coûte autant de "
        "multiplications-additions que la propagation avant.",
    ),
    "rule general": (
        "{y} = {rhs}: its vector–Jacobian product is",
        "{y} = {rhs} : son produit vecteur–jacobienne est",
    ),
}
