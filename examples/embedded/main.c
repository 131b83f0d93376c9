/* Prints the misfit of a rod and its gradient, one number a line. */
#include <stdio.h>

#include "rod_misfit_value_and_grad.h"

#define N 12

int main(void)
{
    double conductivity[N], start[N], measured[N], value, gradient[N];
    for (int k = 0; k < N; k++) {
        conductivity[k] = 1.0 + 0.05 * k;
        start[k] = 0.0;
        measured[k] = 1.0 / (1.0 + k);
    }
    int status = rod_misfit_value_and_grad(conductivity, N, start, N, measured, N, 0.2, 40, &value, gradient);
    if (status != 0) {
        return status;
    }
    printf("%.17g\n", value);
    for (int k = 0; k < N; k++) {
        printf("%.17g\n", gradient[k]);
    }
    return 0;
}
