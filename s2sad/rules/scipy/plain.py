"""Functions of SciPy without a derivative: what is flat, and what is refused, with the reason; by namespace."""

from __future__ import annotations

from s2sad.ir.unruled import of_module

SETTINGS = "errstate geterr seterr"
SAMPLES = "computes samples anew, with random numbers"
RANKS = "depends on the ranks of the numbers alone"


def of_special() -> None:
    """Those of scipy.special."""
    zeros = (
        "ai_zeros bei_zeros beip_zeros ber_zeros berp_zeros bi_zeros erf_zeros fresnel_zeros fresnelc_zeros "
        "fresnels_zeros jn_zeros jnjnp_zeros jnp_zeros jnyn_zeros kei_zeros keip_zeros kelvin_zeros ker_zeros "
        "kerp_zeros y0_zeros y1_zeros y1p_zeros yn_zeros ynp_zeros"
    )
    of_module(
        "scipy.special",
        flat=f"{zeros} bernoulli euler factorial2 factorialk perm stirling2 roots_legendre p_roots roots_chebyt "
        "t_roots roots_chebyu u_roots roots_chebyc c_roots roots_chebys s_roots roots_hermite h_roots "
        "roots_hermitenorm he_roots roots_laguerre l_roots roots_sh_legendre ps_roots roots_sh_chebyt ts_roots "
        "roots_sh_chebyu us_roots round mathieu_even_coef mathieu_odd_coef",
        acts="errstate seterr",
        reads="geterr",
    )
    of_module(
        "scipy.special",
        refused="roots_jacobi j_roots roots_gegenbauer cg_roots roots_genlaguerre la_roots roots_sh_jacobi js_roots",
        why="nodes and weights by the parameters of the weight",
        instead="fixed parameters, or scipy.integrate.quad with the weight in the integrand",
    )
    of_module(
        "scipy.special",
        refused="chebyc chebys chebyt chebyu gegenbauer genlaguerre hermite hermitenorm jacobi laguerre legendre "
        "sh_chebyt sh_chebyu sh_jacobi sh_legendre",
        why="an object that stands for a polynomial, of np.poly1d",
        instead="scipy.special.eval_legendre and its like",
    )
    of_module(
        "scipy.special",
        refused="bdtri bdtrik bdtrin btdtria btdtrib chdtriv chndtridf chndtrinc chndtrix fdtridfd gdtria gdtrib "
        "nbdtri nbdtrik nbdtrin ncfdtr ncfdtri ncfdtridfd ncfdtridfn ncfdtrinc nctdtr nctdtridf nctdtrinc "
        "nctdtrit nrdtrimn nrdtrisd pdtri pdtrik stdtridf",
        why="an inverse by a parameter",
        instead="scipy.optimize.brentq of the distribution function",
    )
    of_module(
        "scipy.special",
        refused="obl_ang1 obl_ang1_cv obl_cv obl_cv_seq obl_rad1 obl_rad1_cv obl_rad2 obl_rad2_cv pro_ang1 "
        "pro_ang1_cv pro_cv pro_cv_seq pro_rad1 pro_rad1_cv pro_rad2 pro_rad2_cv ellip_harm ellip_harm_2 "
        "ellip_normal",
        why="spheroidal and ellipsoidal wave functions: no rule so far",
        instead="a rule of your own: some give their derivative beside the value",
    )
    of_module(
        "scipy.special",
        refused="assoc_legendre_p assoc_legendre_p_all legendre_p legendre_p_all sph_harm_y_all sph_legendre_p "
        "sph_legendre_p_all lqmn lqn pbdn_seq pbdv_seq pbvv_seq riccati_jn riccati_yn lmbda assoc_laguerre",
        why="gives derivatives by itself, of a whole sequence of functions",
        instead="scipy.special.eval_legendre, sph_harm_y, spherical_jn and their like",
    )


def of_linalg() -> None:
    """Those of scipy.linalg."""
    of_module(
        "scipy.linalg",
        flat="bandwidth dft find_best_blas_type get_blas_funcs get_lapack_funcs hadamard helmert hilbert invhilbert "
        "invpascal ishermitian issymmetric pascal",
    )
    of_module(
        "scipy.linalg",
        refused="funm",
        why="a function of a matrix by a function of numbers, from its Schur form",
        instead="expm, logm, sqrtm and their like, or eigh and the function of the eigenvalues",
    )
    of_module(
        "scipy.linalg",
        refused="hessenberg cossin qz ordqz rsf2csf cdf2rdf qr_insert qr_delete qr_update",
        why="a factorisation that is not unique: its factors turn as the algorithm likes",
        instead="qr, schur or eigh, or the product that is needed",
    )
    of_module(
        "scipy.linalg",
        refused="matrix_balance clarkson_woodruff_transform expm_cond",
        why="scales by powers of two, draws at random, or estimates",
        instead="the matrix itself",
    )


def of_signal() -> None:
    """Those of scipy.signal."""
    of_module(
        "scipy.signal",
        flat="argrelextrema argrelmax argrelmin check_COLA check_NOLA choose_conv_method correlation_lags find_peaks "
        "find_peaks_cwt firls get_window kaiser_atten kaiser_beta kaiserord max_len_seq unit_impulse "
        "savgol_coeffs",
    )
    of_module(
        "scipy.signal",
        refused="peak_prominences peak_widths",
        why="a height over what lies around a peak",
        instead="find_peaks for the places, and the values there",
    )
    of_module(
        "scipy.signal",
        refused="remez minimum_phase firwin2 gammatone invres invresz residue residuez unique_roots place_poles",
        why="found by a search, or from roots that are put together",
        instead="a filter of fixed coefficients, or np.roots",
    )
    of_module(
        "scipy.signal",
        refused="StateSpace TransferFunction ZerosPolesGain lti dlti ShortTimeFFT CZT ZoomFFT",
        why="an object with methods",
        instead="the functions: lsim, freqs, stft, czt and their like, of matrices and coefficients",
    )


def of_ndimage() -> None:
    """Those of scipy.ndimage."""
    of_module(
        "scipy.ndimage",
        flat="binary_closing binary_dilation binary_erosion binary_fill_holes binary_hit_or_miss binary_opening "
        "binary_propagation distance_transform_bf distance_transform_cdt distance_transform_edt find_objects "
        "generate_binary_structure iterate_structure label maximum_position minimum_position value_indices "
        "watershed_ift histogram",
    )
    of_module(
        "scipy.ndimage",
        refused="generic_filter generic_filter1d generic_gradient_magnitude generic_laplace geometric_transform "
        "labeled_comprehension vectorized_filter",
        why="calls a function at each place",
        instead="a filter with a name, map_coordinates, or np.lib.stride_tricks.sliding_window_view",
    )
    of_module("scipy.ndimage", refused="extrema", why="gives places too", instead="minimum and maximum")


def of_stats() -> None:
    """Those of scipy.stats."""
    of_module(
        "scipy.stats",
        flat="rankdata kendalltau weightedtau somersd spearmanr mannwhitneyu wilcoxon kruskal friedmanchisquare "
        "ranksums brunnermunzel ansari mood percentileofscore ks_2samp epps_singleton_2samp tiecorrect "
        "page_trend_test chatterjeexi binomtest fisher_exact barnard_exact boschloo_exact cumfreq relfreq ecdf "
        "spearmanrho",
    )
    of_module(
        "scipy.stats",
        refused="bootstrap monte_carlo_test permutation_test goodness_of_fit dunnett tukey_hsd sobol_indices "
        "BootstrapMethod MonteCarloMethod PermutationMethod power bws_test",
        why=SAMPLES,
        instead="draw the samples before, and write the statistic of them",
    )
    of_module(
        "scipy.stats",
        refused="Binomial Logistic Mixture Normal Uniform abs exp log make_distribution order_statistic truncate "
        "Covariance CensoredData rv_continuous rv_discrete rv_histogram",
        why="objects of distributions of another interface",
        instead="scipy.stats.norm and its like",
    )
    of_module(
        "scipy.stats",
        refused="boxcox_normmax yeojohnson_normmax ppcc_max fit expectile mvsdist bayes_mvs quantile_test "
        "siegelslopes theilslopes sigmaclip trim1 trimboth tmin tmax differential_entropy lmoment "
        "directional_stats",
        why="found by a search, or from the numbers in order",
        instead="scipy.optimize for what is fitted, np.sort and np.mean for what is trimmed",
    )
    of_module(
        "scipy.stats",
        refused="binned_statistic binned_statistic_2d binned_statistic_dd",
        why="a statistic for each bin",
        instead="np.digitize, and np.bincount with weights",
    )
    of_module(
        "scipy.stats",
        refused="skewtest kurtosistest normaltest anderson shapiro cramervonmises cramervonmises_2samp ks_1samp "
        "kstest bartlett levene fligner median_test chi2_contingency power_divergence combine_pvalues "
        "alexandergovern poisson_means_test logrank energy_distance_nd wasserstein_distance_nd "
        "multiscale_graphcorr anderson_ksamp pointbiserialr false_discovery_control obrientransform "
        "ttest_ind_from_stats quantile kstatvar boxcox_normplot yeojohnson_normplot ppcc_plot probplot",
        why="no rule so far",
        instead="its formula: the statistics that it is made of have rules (skew, kurtosis, var)",
    )


def of_spatial() -> None:
    """Those of scipy.spatial."""
    of_module(
        "scipy.spatial",
        refused="ConvexHull Delaunay HalfspaceIntersection KDTree cKDTree Rectangle SphericalVoronoi Voronoi tsearch "
        "procrustes geometric_slerp convex_hull_plot_2d delaunay_plot_2d voronoi_plot_2d",
        why="an object over points, or a search in it",
        instead="make it outside of places that do not move, and compute with the indices that it gives",
    )
    of_module(
        "scipy.spatial.transform",
        refused="Rotation Slerp RotationSpline RigidTransform",
        why="an object with methods, compiled",
        instead="write the product of quaternions or the matrix: a few lines with np.sin, np.cos and @",
    )


def of_cluster() -> None:
    """Those of scipy.cluster."""
    why, instead = "puts points into groups, which jumps", "make the groups outside, and compute with their numbers"
    of_module("scipy.cluster.vq", flat="vq", refused="kmeans kmeans2 whiten", why=why, instead=instead)
    names = "average centroid complete fcluster fclusterdata linkage median single ward weighted"
    of_module("scipy.cluster.hierarchy", refused=names, why=why, instead=instead)


def of_optimize() -> None:
    """Those of scipy.optimize."""
    of_module("scipy.optimize", flat="linear_sum_assignment show_options quadratic_assignment")


def of_fft() -> None:
    """Those of scipy.fft."""
    of_module(
        "scipy.fft",
        flat="next_fast_len prev_fast_len fhtoffset",
        acts="set_workers set_backend skip_backend set_global_backend register_backend",
        reads="get_workers",
    )
