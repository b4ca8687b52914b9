"""Where shards run: on processes of this machine, on Dask and on Ray, all by joblib."""
