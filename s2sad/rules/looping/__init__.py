"""Loop rules: what the elements of the results of NumPy's functions are, an area a module (see `ir.loop_rule`)."""

import importlib
import pkgutil

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
