"""Where tasks run: processes, pools, threads; knows no cell."""
