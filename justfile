# What one does here; `just` lists it.

# All tests.
test:
    ./scripts/test

# Everything that must hold before a change lands.
ci:
    ./.ci/run

# The simulation over many seeds.
sim seeds="1000" first="1":
    ./scripts/sim --seeds {{seeds}} --first-seed {{first}}

# Breaks each guard of the protocol and sees the simulation notice.
guards:
    ./scripts/break-guards

# Real processes under seeded faults.
chaos minutes="5" seed="1":
    ./scripts/chaos --minutes {{minutes}} --seed {{seed}}
