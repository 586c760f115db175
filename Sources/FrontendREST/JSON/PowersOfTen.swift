/// Powers of ten in the forms that reading and writing numbers needs. Literals, which the compiler lays out as data:
/// nothing is initialized at run time, and no loop asks whether it has been.
enum PowersOfTen {
    /// 10^0 ... 10^22, which a double holds exactly.
    static let doubles: InlineArray<23, Double> = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
        1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    ]

    /// 10^0 ... 10^19.
    static let integers: InlineArray<20, UInt64> = [
        1, 10, 100, 1_000,
        10_000, 100_000, 1_000_000, 10_000_000,
        100_000_000, 1_000_000_000, 10_000_000_000, 100_000_000_000,
        1_000_000_000_000, 10_000_000_000_000, 100_000_000_000_000, 1_000_000_000_000_000,
        10_000_000_000_000_000, 100_000_000_000_000_000, 1_000_000_000_000_000_000, 10_000_000_000_000_000_000,
    ]

    /// What `leadingBits` has.
    static let leadingBitsRange = -54...54

    /// The first 64 bits of 10^`exponent`, which must be in `leadingBitsRange`: 2^63 or more, rounded down.
    @inline(__always)
    static func leadingBits(_ exponent: Int) -> UInt64 { leadingBitsTable[exponent &+ 54] }

    private static let leadingBitsTable: InlineArray<109, UInt64> = [
        0xC428_D05A_A475_1E4C, 0xF533_0471_4D92_65DF, 0x993F_E2C6_D07B_7FAB, 0xBF8F_DB78_849A_5F96,
        0xEF73_D256_A5C0_F77C,
        0x95A8_6376_2798_9AAD, 0xBB12_7C53_B17E_C159, 0xE9D7_1B68_9DDE_71AF, 0x9226_7121_62AB_070D,
        0xB6B0_0D69_BB55_C8D1,
        0xE45C_10C4_2A2B_3B05, 0x8EB9_8A7A_9A5B_04E3, 0xB267_ED19_40F1_C61C, 0xDF01_E85F_912E_37A3,
        0x8B61_313B_BABC_E2C6,
        0xAE39_7D8A_A96C_1B77, 0xD9C7_DCED_53C7_2255, 0x881C_EA14_545C_7575, 0xAA24_2499_6973_92D2,
        0xD4AD_2DBF_C3D0_7787,
        0x84EC_3C97_DA62_4AB4, 0xA627_4BBD_D0FA_DD61, 0xCFB1_1EAD_4539_94BA, 0x81CE_B32C_4B43_FCF4,
        0xA242_5FF7_5E14_FC31,
        0xCAD2_F7F5_359A_3B3E, 0xFD87_B5F2_8300_CA0D, 0x9E74_D1B7_91E0_7E48, 0xC612_0625_7658_9DDA,
        0xF796_87AE_D3EE_C551,
        0x9ABE_14CD_4475_3B52, 0xC16D_9A00_9592_8A27, 0xF1C9_0080_BAF7_2CB1, 0x971D_A050_74DA_7BEE,
        0xBCE5_0864_9211_1AEA,
        0xEC1E_4A7D_B695_61A5, 0x9392_EE8E_921D_5D07, 0xB877_AA32_36A4_B449, 0xE695_94BE_C44D_E15B,
        0x901D_7CF7_3AB0_ACD9,
        0xB424_DC35_095C_D80F, 0xE12E_1342_4BB4_0E13, 0x8CBC_CC09_6F50_88CB, 0xAFEB_FF0B_CB24_AAFE,
        0xDBE6_FECE_BDED_D5BE,
        0x8970_5F41_36B4_A597, 0xABCC_7711_8461_CEFC, 0xD6BF_94D5_E57A_42BC, 0x8637_BD05_AF6C_69B5,
        0xA7C5_AC47_1B47_8423,
        0xD1B7_1758_E219_652B, 0x8312_6E97_8D4F_DF3B, 0xA3D7_0A3D_70A3_D70A, 0xCCCC_CCCC_CCCC_CCCC,
        0x8000_0000_0000_0000,
        0xA000_0000_0000_0000, 0xC800_0000_0000_0000, 0xFA00_0000_0000_0000, 0x9C40_0000_0000_0000,
        0xC350_0000_0000_0000,
        0xF424_0000_0000_0000, 0x9896_8000_0000_0000, 0xBEBC_2000_0000_0000, 0xEE6B_2800_0000_0000,
        0x9502_F900_0000_0000,
        0xBA43_B740_0000_0000, 0xE8D4_A510_0000_0000, 0x9184_E72A_0000_0000, 0xB5E6_20F4_8000_0000,
        0xE35F_A931_A000_0000,
        0x8E1B_C9BF_0400_0000, 0xB1A2_BC2E_C500_0000, 0xDE0B_6B3A_7640_0000, 0x8AC7_2304_89E8_0000,
        0xAD78_EBC5_AC62_0000,
        0xD8D7_26B7_177A_8000, 0x8786_7832_6EAC_9000, 0xA968_163F_0A57_B400, 0xD3C2_1BCE_CCED_A100,
        0x8459_5161_4014_84A0,
        0xA56F_A5B9_9019_A5C8, 0xCECB_8F27_F420_0F3A, 0x813F_3978_F894_0984, 0xA18F_07D7_36B9_0BE5,
        0xC9F2_C9CD_0467_4EDE,
        0xFC6F_7C40_4581_2296, 0x9DC5_ADA8_2B70_B59D, 0xC537_1912_364C_E305, 0xF684_DF56_C3E0_1BC6,
        0x9A13_0B96_3A6C_115C,
        0xC097_CE7B_C907_15B3, 0xF0BD_C21A_BB48_DB20, 0x9676_9950_B50D_88F4, 0xBC14_3FA4_E250_EB31,
        0xEB19_4F8E_1AE5_25FD,
        0x92EF_D1B8_D0CF_37BE, 0xB7AB_C627_0503_05AD, 0xE596_B7B0_C643_C719, 0x8F7E_32CE_7BEA_5C6F,
        0xB35D_BF82_1AE4_F38B,
        0xE035_2F62_A19E_306E, 0x8C21_3D9D_A502_DE45, 0xAF29_8D05_0E43_95D6, 0xDAF3_F046_51D4_7B4C,
        0x88D8_762B_F324_CD0F,
        0xAB0E_93B6_EFEE_0053, 0xD5D2_38A4_ABE9_8068, 0x85A3_6366_EB71_F041, 0xA70C_3C40_A64E_6C51,
    ]

    /// `value` times 10^`exponent`, `exponent` in -22...22: exact input gives the correctly rounded product.
    @inline(__always)
    static func scale(_ value: Double, by exponent: Int) -> Double {
        exponent < 0 ? value / doubles[-exponent] : value * doubles[exponent]
    }
}
