"""Training and benchmarks: they may use numpy, scipy, scikit-learn and joblib; nothing at run time imports them."""
