"""Value and gradient of each function by hand: every module stands alone, as an emitted one does."""
