// The arithmetic that every peer runs for the perceptron 784-512-512-10: one thread, weights in tiles of 32 columns,
// up to three rows at a time. NumPy's matrix product costs as much for two rows as for sixteen, which would punish
// whoever makes small batches; this one gets cheaper with every row.

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { tile = 32, lanes = 8, vectors = tile / lanes };
typedef float vector __attribute__((vector_size(lanes * sizeof(float)), aligned(4)));

typedef struct {
    int inputs, outputs, tiles;
    float *weights; // [tiles][inputs][tile], columns beyond `outputs` are 0
    float *bias;    // [tiles][tile]
} layer;

typedef struct {
    int count, widest;
    layer layers[8];
} network;

static float *aligned_zeros(size_t count) {
    void *memory = NULL;
    if (posix_memalign(&memory, 64, count * sizeof(float))) abort();
    return memset(memory, 0, count * sizeof(float));
}

network *network_new(void) {
    return calloc(1, sizeof(network));
}

// weights: [inputs][outputs]; bias: [outputs].
void network_add(network *net, int inputs, int outputs, const float *weights, const float *bias) {
    layer *it = &net->layers[net->count++];
    *it = (layer){.inputs = inputs, .outputs = outputs, .tiles = (outputs + tile - 1) / tile};
    it->weights = aligned_zeros((size_t)it->tiles * inputs * tile);
    it->bias = aligned_zeros((size_t)it->tiles * tile);
    for (int column = 0; column < outputs; column++) {
        it->bias[column] = bias[column];
        for (int row = 0; row < inputs; row++) {
            it->weights[((size_t)(column / tile) * inputs + row) * tile + column % tile] =
                weights[(size_t)row * outputs + column];
        }
    }
    if (it->tiles * tile > net->widest) net->widest = it->tiles * tile;
}

// `rows` is a constant wherever this is inlined, so that the sums stay in registers.
static inline __attribute__((always_inline)) void run_tile(
    int rows, int inputs, const float *weights, const float *bias, const float *in, int in_stride, float *out,
    int out_stride, int rectify) {
    vector sums[3][vectors];
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < vectors; v++) sums[r][v] = *(const vector *)(bias + v * lanes);
    for (int k = 0; k < inputs; k++) {
        vector w[vectors];
        for (int v = 0; v < vectors; v++) w[v] = *(const vector *)(weights + (size_t)k * tile + v * lanes);
        for (int r = 0; r < rows; r++) {
            float x = in[(size_t)r * in_stride + k];
            for (int v = 0; v < vectors; v++) sums[r][v] += x * w[v];
        }
    }
    for (int r = 0; r < rows; r++) {
        float *to = out + (size_t)r * out_stride;
        for (int v = 0; v < vectors; v++) *(vector *)(to + v * lanes) = sums[r][v];
        if (rectify)
            for (int c = 0; c < tile; c++) to[c] = to[c] > 0 ? to[c] : 0;
    }
}

static void run_layer(const layer *it, int rows, const float *in, int in_stride, float *out, int out_stride,
                      int rectify) {
    for (int t = 0; t < it->tiles; t++) {
        const float *weights = it->weights + (size_t)t * it->inputs * tile, *bias = it->bias + t * tile;
        int row = 0;
        for (; row + 3 <= rows; row += 3)
            run_tile(3, it->inputs, weights, bias, in + (size_t)row * in_stride, in_stride,
                     out + (size_t)row * out_stride + t * tile, out_stride, rectify);
        for (; row < rows; row++)
            run_tile(1, it->inputs, weights, bias, in + (size_t)row * in_stride, in_stride,
                     out + (size_t)row * out_stride + t * tile, out_stride, rectify);
    }
}

static void softmax(const float *in, float *out, int count) {
    float most = in[0], total = 0;
    for (int i = 1; i < count; i++) most = in[i] > most ? in[i] : most;
    for (int i = 0; i < count; i++) total += out[i] = expf(in[i] - most);
    for (int i = 0; i < count; i++) out[i] /= total;
}

// in: [rows][inputs of the first layer]; out: [rows][outputs of the last].
void network_run(const network *net, int rows, const float *in, float *out) {
    int width = net->widest;
    float *from = aligned_zeros((size_t)rows * width), *to = aligned_zeros((size_t)rows * width);
    const float *input = in;
    int stride = net->layers[0].inputs;
    for (int i = 0; i < net->count; i++) {
        run_layer(&net->layers[i], rows, input, stride, to, width, i + 1 < net->count);
        float *free_one = from;
        from = to;
        to = free_one;
        input = from;
        stride = width;
    }
    int outputs = net->layers[net->count - 1].outputs;
    for (int row = 0; row < rows; row++) softmax(from + (size_t)row * width, out + (size_t)row * outputs, outputs);
    free(from);
    free(to);
}
