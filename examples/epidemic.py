"""Influenza in a boarding school (British Medical Journal, 4 March 1978): the rates of an epidemic from daily counts.

Of 763 boys one brought it from the holidays; the counts are of those in bed on each day. `scipy.integrate.solve_ivp`
solves the model of Kermack and McKendrick (1927). Its gradient comes of the adjoint equation, and the Hessian at the
best rates says how well they are known.

python -m examples.epidemic [picture.png]
"""

import sys

import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import minimize

import s2sad
from examples.pictures import BLUE, ORANGE, figure

BOYS = 763
IN_BED = np.array([3, 8, 26, 76, 225, 298, 258, 233, 189, 128, 68, 29, 14, 4])


def spread(t, y, beta, gamma):
    """How many can catch it, and how many have it."""
    healthy, ill = y
    caught = beta * healthy * ill / BOYS
    return [-caught, caught - gamma * ill]


def surprise(log_rates, counts, tolerance=1e-8):
    """Minus the logarithm of the probability of the counts, by Poisson, but for what does not depend on the rates."""
    beta, gamma = np.exp(log_rates)
    days = np.arange(1.0, len(counts) + 1.0)
    course = solve_ivp(
        spread, (0.0, days[-1]), [BOYS - 1.0, 1.0], t_eval=days, args=(beta, gamma), rtol=tolerance, atol=tolerance
    )
    ill = course.y[1]
    return np.sum(ill - counts * np.log(ill))


def draw(log_rates, covariance, path):
    """The counts, the best course, and courses with rates as probable as the counts leave them."""
    rng = np.random.default_rng(0)
    days = np.linspace(0.0, 14.0, 200)

    def course(logs):
        return solve_ivp(spread, (0.0, 14.0), [BOYS - 1.0, 1.0], t_eval=days, args=tuple(np.exp(logs)), rtol=1e-8).y[1]

    with figure(path) as axes:
        for logs in rng.multivariate_normal(log_rates, covariance, size=40):
            axes.plot(days, course(logs), color=ORANGE, alpha=0.15)
        axes.plot(days, course(log_rates), color=ORANGE, label="model, with what the counts leave open")
        axes.plot(np.arange(1, len(IN_BED) + 1), IN_BED, "o", color=BLUE, label="in bed")
        axes.set(xlabel="day", ylabel="boys")
        axes.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False)


def main(picture=None):
    value_and_grad = s2sad.value_and_grad(surprise)
    found = minimize(value_and_grad, np.log([1.0, 0.3]), (IN_BED,), jac=True, method="BFGS", options={"gtol": 1e-4})
    beta, gamma = np.exp(found.x)
    spread_of_logs = np.linalg.inv(s2sad.hessian(surprise)(found.x, IN_BED))
    number = beta / gamma
    error = number * np.sqrt(np.array([1.0, -1.0]) @ spread_of_logs @ np.array([1.0, -1.0]))
    print(f"{found.nfev} gradients: {beta:.2f} infections a day by each, who stays in bed for {1 / gamma:.1f} days")
    print(f"one infects {number:.2f} others, give or take {error:.2f}, while all are healthy")
    if picture:
        draw(found.x, spread_of_logs, picture)
    return number, error


if __name__ == "__main__":
    main(*sys.argv[1:])
