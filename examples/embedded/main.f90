! Prints the misfit of a rod and its gradient, one number a line.
program main
  use iso_c_binding, only: c_double, c_int, c_int64_t
  implicit none

  interface
    integer(c_int) function rod_misfit_value_and_grad(conductivity, n1, start, n2, measured, n3, dt, steps, &
        value, gradient) bind(c)
      import :: c_double, c_int, c_int64_t
      real(c_double), intent(in) :: conductivity(*), start(*), measured(*)
      integer(c_int64_t), value :: n1, n2, n3, steps
      real(c_double), value :: dt
      real(c_double), intent(out) :: value, gradient(*)
    end function
  end interface

  integer(c_int64_t), parameter :: n = 12
  real(c_double) :: conductivity(n), start(n), measured(n), misfit, gradient(n)
  integer :: k

  conductivity = [(1 + 0.05d0 * k, k = 0, int(n) - 1)]
  start = 0
  measured = [(1 / (1 + real(k, c_double)), k = 0, int(n) - 1)]
  if (rod_misfit_value_and_grad(conductivity, n, start, n, measured, n, 0.2d0, 40_c_int64_t, misfit, gradient) /= 0) stop 1
  print '(es25.17)', misfit
  print '(es25.17)', gradient
end program
