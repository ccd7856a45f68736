// The first convolution, by table: codes of bases -> rows of channels, with max-pool.
#pragma once

// out[r][c] = max over p < pool of (bias[c] + sum over j < width of table[j][codes[r + p + j]][c]), rectified or not;
// an unknown base adds nothing. One thread per row and channel.
//
// codes: rows + width + pool - 2; table: width x 4 x channels; out: rows x channels.
DEVICE void embed_one(long row, int channel, const unsigned char *codes, const float *table, const float *bias,
                      float *out, int channels, int width, int pool, int rectified) {
    float most = 0.0f;
    for (int p = 0; p < pool; p++) {
        float sum = bias[channel];
        for (int j = 0; j < width; j++) {
            const unsigned char code = codes[row + p + j];
            if (code < 4) sum += table[(4 * j + code) * channels + channel];
        }
        most = p == 0 ? sum : fmaxf(most, sum);
    }
    out[row * channels + channel] = rectified ? fmaxf(most, 0.0f) : most;
}
