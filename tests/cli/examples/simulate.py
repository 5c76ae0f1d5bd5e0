"""What the examples of ``skysieve simulate`` need in their folder, what they say, and what they leave."""

EXPECTED = {
    "skysieve simulate night night/ --alerts 100 --seed 1 --bad-packets": {
        "says": r"^100 packets of \d+ objects: night/packets\n11 damaged",
        "leaves": "night/packets night/truth.csv",
    },
    "skysieve simulate streak-night streak-night/ --streaks 30 --seed 1 --bad-files": {
        "says": r"^30 streaks, \d+ of them plausible: streak-night/night\n12 bad ones",
        "leaves": "streak-night/night/stamps_20190214 streak-night/truth.csv",
    },
    "skysieve simulate galaxies galaxies.parquet -n 40 --seed 1": {
        "says": r"^40 simulated galaxies: galaxies.parquet$",
        "leaves": "galaxies.parquet",
    },
    "skysieve simulate galaxies rare.parquet -n 20 --kind elliptical=0.95 --kind merger=0.05": {
        "says": r"^20 simulated galaxies: rare.parquet$",
        "leaves": "rare.parquet",
    },
    "skysieve simulate galaxies hsc.parquet -n 10 --survey hsc --fluxes --set survey.seeing=[1.5,1.4,1.3]": {
        "says": r"^10 simulated galaxies: hsc.parquet$",
        "leaves": "hsc.parquet",
    },
    "skysieve simulate lsbg lsbg.parquet -n 40 --seed 1": {
        "says": r"^40 simulated galaxies and artefacts: lsbg.parquet$",
        "leaves": "lsbg.parquet",
    },
    "skysieve simulate lsbg three-classes.parquet -n 20 --survey hsc --artifact-types": {
        "says": r"^20 simulated galaxies and artefacts: three-classes.parquet$",
        "leaves": "three-classes.parquet",
    },
    "skysieve simulate curves curves.parquet -n 200 --seed 1": {
        "says": r"^200 simulated light curves: curves.parquet$",
        "leaves": "curves.parquet",
    },
    "skysieve simulate curves ztf.parquet -n 40 --survey ztf --kind RRab=0.9 --kind RRd=0.1": {
        "says": r"^40 simulated light curves: ztf.parquet$",
        "leaves": "ztf.parquet",
    },
    "skysieve simulate curves lsst.parquet -n 10 --survey lsst --fluxes --set survey.years=2": {
        "says": r"^10 simulated light curves: lsst.parquet$",
        "leaves": "lsst.parquet",
    },
    "skysieve simulate streaks streaks-set.parquet -n 100 --seed 1": {
        "says": r"^100 simulated streaks: streaks-set.parquet$",
        "leaves": "streaks-set.parquet",
    },
    "skysieve simulate streaks long.parquet -n 20 --set camera.exposure_time=60": {
        "says": r"^20 simulated streaks: long.parquet$",
        "leaves": "long.parquet",
    },
    "skysieve simulate streaks two-kinds.parquet -n 20 --kind asteroid --kind satellite": {
        "says": r"^20 simulated streaks: two-kinds.parquet$",
        "leaves": "two-kinds.parquet",
    },
    "skysieve simulate triplets triplets.parquet -n 64 --seed 1": {
        "says": r"^64 simulated triplets: triplets.parquet$",
        "leaves": "triplets.parquet",
    },
}
