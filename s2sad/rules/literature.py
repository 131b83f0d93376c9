"""Works that rules are from, as the rows that follow them name them (`source`).

What is elementary calculus has none: partial derivatives of functions of numbers, transposes of linear maps.
"""

GILES = "M. B. Giles, Collected matrix derivative results for forward and reverse mode AD (2008)"
WALTER_LEHMANN = "S. F. Walter & L. Lehmann, Algorithmic differentiation of linear algebra functions (2018)"
WAN_ZHANG = "Z.-Q. Wan & S.-X. Zhang, Automatic differentiation for complex valued SVD (2019)"
GOLUB_PEREYRA = (
    "G. H. Golub & V. Pereyra, The differentiation of pseudo-inverses and nonlinear least squares problems whose "
    "variables separate (1973)"
)
DALECKII_KREIN = (
    "Yu. L. Daleckii & S. G. Krein, Integration and differentiation of functions of Hermitian operators and "
    "applications to the theory of perturbations (1965)"
)
HIGHAM = "N. J. Higham, Functions of Matrices (2008)"
KENNEY_LAUB = "C. S. Kenney & A. J. Laub, Polar decomposition and matrix sign function condition estimates (1991)"
KAO_HENNEQUIN = (
    "T.-C. Kao & G. Hennequin, Automatic differentiation of Sylvester, Lyapunov, and algebraic Riccati equations (2020)"
)
WILKINSON = "J. H. Wilkinson, Rounding Errors in Algebraic Processes (1963), chapter 2"
