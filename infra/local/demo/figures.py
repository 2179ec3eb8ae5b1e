"""What the rules say of every order of the demo, worked out by hand: nothing here is computed as the app does it.

The buyer fee is 5.5 % of the price, PPN 11 % of that fee (the buyer is in Indonesia), the commission 20 % of the price.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Figures:
    price: int
    fee: int
    tax: int
    total: int
    commission: int
    net: int


# Standard package 60.00 + fast delivery 15.00 + two business cards 40.00.
# 5.5 % of 115.00 is 6.325, so 6.33; 11 % of 6.33 is 0.6963, so 0.70; 20 % of 115.00 is 23.00.
LOGO = Figures(price=115_00, fee=6_33, tax=70, total=122_03, commission=23_00, net=92_00)
# 5.5 % of 150.00 is 8.25; 11 % of 8.25 is 0.9075, so 0.91; 20 % of 150.00 is 30.00.
KIT = Figures(price=150_00, fee=8_25, tax=91, total=159_16, commission=30_00, net=120_00)
# 5.5 % of 80.00 is 4.40; 11 % of 4.40 is 0.484, so 0.48; 20 % of 80.00 is 16.00.
PHOTOS = Figures(price=80_00, fee=4_40, tax=48, total=84_88, commission=16_00, net=64_00)

# Everything that the logo has brought is paid out: 1.00 of it is the fee, the bank gets the rest.
PAYOUT, PAYOUT_FEE, PAID_OUT = 92_00, 1_00, 91_00

# The seller gives back 20.00 of 80.00 while it clears: four fifths are the seller's, a fifth is our commission. 60.00 are left.
GIVEN_BACK, GIVEN_BY_SELLER, GIVEN_BY_US = 20_00, 16_00, 4_00
LEFT_CLEARING = 48_00

# Support gives the buyer 30.00 of the 84.88, from price, fee and tax in proportion: 30.00 / 84.88 of 80.00 is 28.2752, of 4.40
# is 1.5551, of 0.48 is 0.1697. Rounded down that is 29.98; the two cents that are missing go to the largest fractions of a
# cent, which are those of the tax and of the price.
RULED_BACK, RULED_OF_PRICE, RULED_OF_FEE, RULED_OF_TAX = 30_00, 28_28, 1_55, 17
# What is left of them: 80.00 - 28.28, 4.40 - 1.55, 0.48 - 0.17. The commission is 20 % of 51.72: 10.344, so 10.34.
RULED_PRICE, RULED_FEE, RULED_TAX, RULED_COMMISSION, RULED_NET = 51_72, 2_85, 31, 10_34, 41_38
# 48.00 + 41.38
BOTH_RELEASED = 89_38

# The bank takes all of 122.03, and its provider 15.00 for that. The seller was given 92.00, and owes it.
CHARGEBACK_FEE, TAKEN_WITH_FEE, DEBT = 15_00, 137_03, 92_00
# The next order brings 120.00, of which 92.00 pay the debt.
AFTER_DEBT = 28_00


@dataclass(frozen=True)
class Tasks:
    total: int
    pay: int
    returned: int


# Three positions at 0.50 are 1.50, and 7.5 % of that are 0.1125, so 0.11. The first position bears a third of that,
# rounded down: 0.03. One was approved, so 1.00 of pay and 0.08 of the fee go back.
CAMPAIGN = Tasks(total=1_61, pay=50, returned=1_08)
